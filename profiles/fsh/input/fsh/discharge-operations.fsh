// The discharge process of lagen (2017:612): notice, expected time, ready, withdrawn, information, discharge.

Alias: $DischargeDisposition = http://terminology.hl7.org/CodeSystem/discharge-disposition

// Code by code, so that a parameter can be checked without a terminology server.
ValueSet: DischargeDispositionVS
Id: discharge-disposition
Title: "Where the patient goes"
Description: "Where the patient goes from hospital: all of R4's codes for that (R64)."
* insert Metadata
* $DischargeDisposition#home
* $DischargeDisposition#alt-home
* $DischargeDisposition#other-hcf
* $DischargeDisposition#hosp
* $DischargeDisposition#long
* $DischargeDisposition#aadvice
* $DischargeDisposition#exp
* $DischargeDisposition#psy
* $DischargeDisposition#rehab
* $DischargeDisposition#snf
* $DischargeDisposition#oth

RuleSet: StayOperation(name, title, code)
* insert InstanceMetadata
* name = "{name}"
* title = "{title}"
* kind = #operation
* affectsState = true
* code = #{code}
* resource = #Encounter
* system = false
* type = false
* instance = true
* insert In(by, 1, 1, Reference, [[Who does it: a person in a position, or the unit.]])
* insert To(0, PractitionerRole)
* insert To(1, Organization)

RuleSet: StayAnswer
* insert Out(outcome, 0, 1, OperationOutcome, [[Warnings of the law, each with its paragraph, and advice.]])

RuleSet: StayMessages
* insert Out(return, 1, 1, Encounter, [[The stay with its timeline.]])
* insert Out(communication, 0, *, Communication, [[The message to one unit; one for each.]])

Instance: Encounter-admission-notice
InstanceOf: OperationDefinition
Usage: #definition
* insert StayOperation(AdmissionNotice, [[Send the inskrivningsmeddelande]], admission-notice)
* description = "Sends the inskrivningsmeddelande to the units concerned: name, identity number, folkbokföringsadress and expected discharge (R54–R57; lagen 2017:612, 2 kap. 1–2 §§). The units get the task to start planning, the regional open-care unit the task to appoint a fast vårdkontakt (R59, R60). Again, it goes to units that have not got it. Refused, with the paragraph named: content that is missing, nobody to send it to, a patient who is not in hospital."
* insert In(expectedDischarge, 1, 1, dateTime, [[When discharge is expected: a day or a moment (R56).]])
* insert In(at, 0, 1, dateTime, [[When it was sent, a moment; now when left out.]])
* insert In(needAssessedAt, 0, 1, dateTime, [[When the need was found, where that was later than admission; the 24 hours count from here (R57).]])
* insert In(needAssessedBy, 0, 1, Reference, [[Who found the need; by when left out.]])
* insert To(0, PractitionerRole)
* insert To(1, Practitioner)
* insert To(2, Organization)
* insert In(need, 0, *, code, [[Whose insatser are thought to be needed; of both: a SIP (R54, R65). The notice goes to units of these huvudmän; to all that are found when left out.]])
* insert Bound([[Canonical(OverallResponsibleHuvudmanVS)]])
* insert In(compulsoryCare, 0, 1, code, [[The law of compulsory psychiatric care; such a discharge has a track of its own (R67).]])
* insert Bound([[Canonical(CompulsoryCareVS)]])
* insert In(recipient, 0, *, Reference, [[A unit that gets the notice beside those found from listing and municipality.]])
* insert To(0, Organization)
* insert In(note, 0, 1, string, [[What else the units are told.]])
* insert StayMessages
* insert Out(task, 0, *, Task, [[What a unit has to do: planering, utse-kontakt.]])
* insert StayAnswer

Instance: Encounter-expected-discharge
InstanceOf: OperationDefinition
Usage: #definition
* insert StayOperation(ExpectedDischarge, [[Tell of another expected discharge]], expected-discharge)
* description = "Adds another expected time of discharge, tells the units that got the inskrivningsmeddelande, and moves the deadline of their open tasks (R58; lagen 2017:612, 2 kap. 3 §)."
* insert In(time, 1, 1, dateTime, [[When discharge is expected now: a day or a moment.]])
* insert In(at, 0, 1, dateTime, [[When that was said, a moment; now when left out.]])
* insert StayMessages
* insert Out(task, 0, *, Task, [[An open task whose deadline has moved.]])
* insert StayAnswer

Instance: Encounter-ready-for-discharge
InstanceOf: OperationDefinition
Usage: #definition
* insert StayOperation(ReadyForDischarge, [[Tell that the patient is utskrivningsklar]], ready-for-discharge)
* description = "Tells the units that the patient is utskrivningsklar: the clocks of the kallelse and of the municipality's payment liability start (R61, R65, R70; lagen 2017:612, 3 kap. 1 §). Refused without an inskrivningsmeddelande; 409 where it has been said and not taken back."
* insert In(at, 0, 1, dateTime, [[When the units were told, a moment; now when left out.]])
* insert StayMessages
* insert StayAnswer

Instance: Encounter-withdraw-ready-for-discharge
InstanceOf: OperationDefinition
Usage: #definition
* insert StayOperation(WithdrawReadyForDischarge, [[Tell that the patient is no longer utskrivningsklar]], withdraw-ready-for-discharge)
* description = "Tells the units that the patient is no longer utskrivningsklar: the clocks are reset (R62; lagen 2017:612, 3 kap. 1 §). Kallelser of the stay that nobody has answered are cancelled, and so is their meeting; one that somebody has accepted stands, and the outcome says so."
* insert In(at, 0, 1, dateTime, [[When the units were told, a moment; now when left out.]])
* insert In(reason, 0, 1, string, [[Why, as the units are told.]])
* insert StayMessages
* insert Out(task, 0, *, Task, [[A kallelse that is cancelled.]])
* insert Out(appointment, 0, *, Appointment, [[A meeting that is cancelled with all its kallelser.]])
* insert StayAnswer

Instance: Encounter-transfer-information
InstanceOf: OperationDefinition
Usage: #definition
* insert StayOperation(TransferInformation, [[Send the information that those who take over need]], transfer-information)
* description = "Sends what the units need to give the patient care and support, at latest on the day of discharge; or records why something is not sent (R63; lagen 2017:612, 3 kap. 1 §). A day late draws a warning with the paragraph. What is about another patient is refused."
* insert In(at, 0, 1, dateTime, [[When it was sent, a moment; now when left out.]])
* insert In(text, 0, 1, string, [[The information in words.]])
* insert In(content, 0, *, Reference, [[A document, a list of medicines, a plan …: resources about this patient.]])
* insert To(0, Resource)
* insert In(recipient, 0, *, Reference, [[Units that get it; those that got the inskrivningsmeddelande when left out.]])
* insert To(0, Organization)
* insert In(withheld, 0, 1, string, [[Why something is not sent, such as secrecy. Kept with the stay, told to nobody.]])
* insert StayMessages
* insert StayAnswer

Instance: Encounter-discharge
InstanceOf: OperationDefinition
Usage: #definition
* insert StayOperation(Discharge, [[Discharge the patient]], discharge)
* description = "Ends the stay and records the written information to the patient: summary of care, who the fast vårdkontakt is, when the SIP meeting is, which plans there are (R64; patientlagen 3 kap. 2 b §). Warned of, with the paragraph: information not yet transferred, no fast vårdkontakt appointed, not utskrivningsklar, nothing given in writing."
* insert In(summary, 1, 1, string, [[The written summary of the care, in plain words to the patient (R64).]])
* insert In(at, 0, 1, dateTime, [[When the patient left, a moment; now when left out.]])
* insert In(disposition, 0, 1, code, [[Where to: home, other-hcf, exp …]])
* insert Bound([[Canonical(DischargeDispositionVS)]])
* insert In(meeting, 0, 1, Reference, [[The SIP meeting; the next one that is set when left out.]])
* insert To(0, Appointment)
* insert InGroup(given, 0, 1, [[That the patient got it in writing.]])
* insert PartOf(at, 0, 1, dateTime, [[When; at discharge when left out.]])
* insert PartOf(by, 0, 1, Reference, [[Who gave it; by when left out.]])
* insert PartTo(0, PractitionerRole)
* insert PartTo(1, Practitioner)
* insert PartTo(2, Organization)
* insert PartOf(to, 0, 1, Reference, [[Who got it; the patient when left out.]])
* insert PartTo(0, Patient)
* insert PartTo(1, RelatedPerson)
* insert PartOf(channel, 1, 1, code, [[How.]])
* insert PartBound([[Canonical(InformationChannelVS)]])
* insert Out(return, 1, 1, Encounter, [[The stay, finished.]])
* insert Out(communication, 0, 1, Communication, [[The written information: the summary as payload; contacts, meeting and plans as about. None for a patient who has died.]])
* insert Out(task, 0, *, Task, [[An open task of the stay that nobody need do any more: where the patient has died.]])
* insert StayAnswer
