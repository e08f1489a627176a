// EpisodeOfCare: a hälsoärende.

Profile: HalsoarendeEpisodeOfCare
Parent: EpisodeOfCare
Id: halsoarende-episodeofcare
Title: "Hälsoärende"
Description: "What joins contacts, plans and stays that belong to one course of care: careProcessId of the national services (R20, R112, R121)."
* insert Metadata
* identifier 1..*
* insert Element(identifier, [[careProcessId. R121]])
* insert Element(status, [[`active`, `finished` …]])
* insert Element(diagnosis, [[What it is about.]])
* insert Element(patient, [[Whose.]])
* managingOrganization 1..1
* insert Element(managingOrganization, [[The vårdgivare or vårdenhet that answers for it. R112]])
* insert Element(period, [[From when, until when. R20]])
* insert Element(careManager, [[The fast vårdkontakt in this course.]])
* insert Element(team, [[Fixed contacts and teams.]])
* obeys ec-1

Invariant: ec-1
Description: "An ongoing or finished hälsoärende has a start (R121)."
Severity: #error
Expression: "(status = 'active' or status = 'finished') implies period.start.exists()"
