// What $assign-fast-vardkontakt records beside the profile of a fixed contact.

CodeSystem: CareCourseCS
Id: care-course
Title: "Förlopp som vägleder valet av profession"
Description: "How the illness runs: it guides which profession the fixed contact has (R18; Socialstyrelsen 2017). Advice, no rule."
* insert SwedishCodes
* #instabilt "Instabilt förlopp" "En läkare kan vara lämplig."
* #stabilt "Stabilt förlopp, omvårdnadsbehov" "En sjuksköterska, gärna med specialistutbildning, kan vara lämplig."
* #rehabilitering "Stora behov av rehabilitering" "En arbetsterapeut eller fysioterapeut kan vara lämplig."

ValueSet: CareCourseVS
Id: care-course
Title: "Förlopp som vägleder valet av profession"
Description: "How the illness runs."
* insert AllOf(CareCourseCS)

CodeSystem: StaffFunctionCS
Id: staff-function
Title: "Funktion i verksamheten"
Description: "Functions beside a profession, for PractitionerRole.code (R3, R41, R42, R46). No national codes could be verified."
* insert SwedishCodes
* #verksamhetschef "Verksamhetschef" "Utser fast vårdkontakt (hälso- och sjukvårdsförordningen 4 kap. 1 §)."
* #mlu "Medicinskt ledningsansvarig läkare"
* #mas "Medicinskt ansvarig sjuksköterska" "Ansvarar i kommunen för rutiner att nå läkare (hälso- och sjukvårdsförordningen 4 kap. 6 §)."
* #mar "Medicinskt ansvarig för rehabilitering" "Krävs i kommunen från den 1 juli 2026 (prop. 2025/26:19)."
* #sip-stodjare "SIP-stödjare" "Minst en vid varje hälsocentral, mottagning och öppenvårdsenhet."
* #sip-samordnare "SIP-samordnare"

ValueSet: StaffFunctionVS
Id: staff-function
Title: "Funktion i verksamheten"
Description: "Functions beside a profession."
* insert AllOf(StaffFunctionCS)

ValueSet: AppointmentSelectionVS
Id: appointment-selection
Title: "Hur personen kom att bli den fasta kontakten"
Description: "Own choice, or how the unit assigned when the patient chose nobody (R8)."
* insert Metadata
* AppointmentBasisCS#vald
* AppointmentBasisCS#tilldelad
* AppointmentBasisCS#omrade
* AppointmentBasisCS#listning
* AppointmentBasisCS#fodelsedatum

Extension: ContactAnswer
Id: contact-answer
Title: "Contact answer"
Description: "How a way to reach somebody is answered: by a call back, and within how many days (R43). What else to know is contact-note. A message in 1177 is a ContactPoint of system url."
Context: ContactPoint
* insert Metadata
* extension contains callBack 0..1 MS and days 0..1 MS
* insert Part(callBack, [[Whether one leaves a number and is called back]])
* extension[callBack].value[x] only boolean
* insert Part(days, [[Answered within so many days]])
* extension[days].value[x] only positiveInt
