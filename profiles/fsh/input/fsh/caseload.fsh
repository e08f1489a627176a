// Workload of named contacts: what staff say beside the assignments, and $caseload.

Extension: ScheduledTime
Id: scheduled-time
Title: "Scheduled time"
Description: "Hours a week that are scheduled in this role for the patients one is a fixed contact of (R52): what makes numbers of patients comparable between full time and part time (R50)."
Context: PractitionerRole
* insert Metadata
* extension contains hours 1..1 MS and type 0..1 MS
* insert Part(hours, [[Hours a week]])
* extension[hours].value[x] only decimal
* extension[hours].valueDecimal ^minValueDecimal = 0
* insert Part(type, [[For one type of contact only; for all, when left out]])
* extension[type].value[x] only code
* extension[type].valueCode from $TypAvFastKontaktVS (required)
