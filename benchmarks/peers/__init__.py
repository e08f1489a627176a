"""Other FHIR servers, run on this machine so that they are measured in the same run as ours."""
