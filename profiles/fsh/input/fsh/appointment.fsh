// Appointment: the meeting where a SIP is made or followed up.

Profile: SipAppointment
Parent: Appointment
Id: sip-appointment
Title: "SIP meeting"
Description: "The meeting where a SIP is made or followed up: who is called, what about, when, where, and who answered (R66, R79, R90, R91)."
* insert Metadata
* extension contains MeetingForm named meeting-form 0..1 MS and MeetingPlace named meeting-place 0..2 MS
* extension[meeting-place] ^short = "The address in words, the link to the digital meeting. R91"
* extension[meeting-form] ^short = "At home, digital, at a unit. R66, R91"
* insert Element(identifier, [[Identity in the source system.]])
* insert Element(status, [[`proposed`, `pending`, `booked`, `fulfilled`, `cancelled` …]])
* insert Element(cancelationReason, [[Why it was called off.]])
* serviceType 1..1
* serviceType = ServiceTypeCS#sip-mote
* insert Element(serviceType, [[`sip-mote`.]])
* insert Element(reasonCode, [[Questions. R91]])
* description 1..1
* insert Element(description, [[What the meeting is about: agenda. R91]])
* insert Element(supportingInformation, [[The plan that is made or followed up.]])
* insert Element(start, [[When; not known while the meeting is only proposed.]])
* insert Element(end, [[Until when.]])
* insert Element(created, [[When it was called: within three days of utskrivningsklar. R65]])
* insert Element(patientInstruction, [[What the person is told. R79]])
* insert Element(participant, [[Everybody called. R84, R91]])
* insert Element(participant.type, [[Mötesledare, for one. R90]])
* participant.actor 1..1
* insert Element(participant.actor, [[Who: the person, relatives, staff; a Location for the place. R79, R91]])
* insert Element(participant.status, [[The answer. R91]])
* obeys ap-1 and ap-2

Invariant: ap-1
Description: "The plan is made together with the person, when that is possible: the person is called (R79; SoL 10 kap. 9 §)."
Severity: #warning
Expression: "participant.actor.where(type = 'Patient' or reference.matches('(^|/)Patient/')).exists()"

Invariant: ap-2
Description: "A SIP meeting gathers more than one actor beside the person (R75, R91)."
Severity: #warning
Expression: "participant.actor.where((type = 'PractitionerRole' or type = 'Practitioner' or type = 'HealthcareService') or reference.matches('(^|/)(PractitionerRole|Practitioner|HealthcareService)/')).count() > 1"

Extension: MeetingForm
Id: meeting-form
Title: "Form of the meeting"
Description: "Where and how the meeting is held (R66, R91)."
Context: Appointment
* insert Metadata
* value[x] 1..1
* value[x] only code
* valueCode from MeetingFormVS (required)
