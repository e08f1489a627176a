// What the SIP process adds to plans, consents, meetings and goals, and its code systems.

CodeSystem: SipTargetGroupCS
Id: sip-target-group
Title: "Målgrupp för SIP"
Description: "Groups of people to whom a SIP is suggested (R88)."
* insert SwedishCodes
* #psykisk-sjukdom-beroende "Psykisk sjukdom och skadligt bruk eller beroende"
* #psykisk-sjukdom-funktionsnedsattning "Psykisk sjukdom och funktionsnedsättning"
* #demens-somatik "Demens och kroppslig sjukdom"
* #unga-psykosocialt "Barn och unga med psykosociala behov"
* #placerade-barn "Placerade barn och unga"
* #npf "Neuropsykiatrisk funktionsnedsättning"
* #multisjuk-aldre "Multisjuk eller skör äldre"
* #annan "Annan"

CodeSystem: PlanDecisionCS
Id: plan-decision
Title: "Beslut vid uppföljning"
Description: "What is decided when a plan is followed up (R92)."
* insert SwedishCodes
* #fortsatt "Planen fortsätter som den är"
* #andras "Planen ändras"
* #avslutas "Planen avslutas"

CodeSystem: PlanEndReasonCS
Id: plan-end-reason
Title: "Skäl till att en plan avslutas"
Description: "Why a SIP was closed (R90, R93)."
* insert SwedishCodes
* #mal-uppnadda "Målen är uppnådda"
* #behov-upphort "Behovet av samordning har upphört"
* #samtycke-aterkallat "Samtycket är återkallat" "Planen får inte finnas mot personens vilja (R78)."
* #samtycke-upphort "Samtycket gäller inte längre" "Det har löpt ut, utan att någon har återkallat det (R78)."
* #ersatt "Ersatt av en ny plan"
* #flyttat "Personen har flyttat"
* #avliden "Personen har avlidit"
* #annat "Annat skäl"

CodeSystem: InformationClassCS
Id: information-class
Title: "Slag av uppgifter"
Description: "Kinds of information that a consent to a SIP may be limited to; the sections of the plan (R78; Consent.provision.class)."
* insert SwedishCodes
* #beskrivning "Personens egen beskrivning och vad som är viktigt" "Planens beskrivning (R89, R96)."
* #behov "Behov"
* #halsotillstand "Hälsotillstånd och diagnoser"
* #mal "Mål"
* #insatser-region "Regionens insatser"
* #insatser-kommun "Kommunens insatser"
* #insatser-annan "Andras åtgärder"
* #kontakter "Kontakter och deltagare"
* #uppfoljning "Uppföljning och utvärdering"

ValueSet: SipTargetGroupVS
Id: sip-target-group
Title: "Målgrupp för SIP"
Description: "Groups of people to whom a SIP is suggested."
* insert AllOf(SipTargetGroupCS)

ValueSet: PlanDecisionVS
Id: plan-decision
Title: "Beslut vid uppföljning"
Description: "What is decided when a plan is followed up."
* insert AllOf(PlanDecisionCS)

ValueSet: PlanEndReasonVS
Id: plan-end-reason
Title: "Skäl till att en plan avslutas"
Description: "Why a plan was closed."
* insert AllOf(PlanEndReasonCS)

ValueSet: InformationClassVS
Id: information-class
Title: "Slag av uppgifter"
Description: "Kinds of information that a consent to a SIP may be limited to."
* insert AllOf(InformationClassCS)

Extension: SipTargetGroup
Id: sip-target-group
Title: "Target group"
Description: "Which group of people, to whom a SIP is suggested, the person belongs to (R88)."
Context: CarePlan, Task
* insert Metadata
* value[x] 1..1
* value[x] only code
* valueCode from SipTargetGroupVS (required)

Extension: WhatMatters
Id: what-matters
Title: "What matters to me"
Description: "What is important, in the person's own words: the answer to Vad är viktigt för dig? (R89, R96)."
Context: CarePlan
* insert Metadata
* value[x] 1..1
* value[x] only string

Extension: CrisisPlan
Id: crisis-plan
Title: "If it gets worse"
Description: "What to do, and whom to turn to, when the person gets worse: krisplan."
Context: CarePlan
* insert Metadata
* value[x] 1..1
* value[x] only string

Extension: PlanEvaluation
Id: plan-evaluation
Title: "Evaluation of the plan"
Description: "One follow-up of the plan: when, who led it, what was decided and said. Goals and activities carry their own results (R92)."
Context: CarePlan
* insert Metadata
* extension contains at 1..1 MS and by 0..1 MS and decision 1..1 MS and text 0..1 MS and next 0..1 MS
* insert Part(at, [[When]])
* extension[at].value[x] only dateTime
* insert Part(by, [[Who led it]])
* extension[by].value[x] only Reference(PractitionerRole or Practitioner or Organization)
* insert Part(decision, [[Continue, change or close]])
* extension[decision].value[x] only code
* extension[decision].valueCode from PlanDecisionVS (required)
* insert Part(text, [[What was said, in plain words]])
* extension[text].value[x] only string
* insert Part(next, [[The next follow-up]])
* extension[next].value[x] only date

Extension: PlanEnd
Id: plan-end
Title: "End of the plan"
Description: "Why the plan was closed, when and by whom (R90, R93)."
Context: CarePlan
* insert Metadata
* extension contains reason 1..1 MS and at 1..1 MS and by 0..1 MS and text 0..1 MS
* insert Part(reason, [[Why]])
* extension[reason].value[x] only code
* extension[reason].valueCode from PlanEndReasonVS (required)
* insert Part(at, [[When]])
* extension[at].value[x] only dateTime
* insert Part(by, [[By whom]])
* extension[by].value[x] only Reference(PractitionerRole or Practitioner or Organization or Patient or RelatedPerson)
* insert Part(text, [[More, in plain words]])
* extension[text].value[x] only string

Extension: ChildsView
Id: childs-view
Title: "The child's own view"
Description: "That the child was informed and asked, and what it thinks; it weighs by age and maturity (R80; patientlagen 4 kap. 3 §)."
Context: Consent
* insert Metadata
* extension contains informed 1..1 MS and view 0..1 MS and at 0..1 MS
* insert Part(informed, [[Whether the child was informed]])
* extension[informed].value[x] only boolean
* insert Part(view, [[What the child thinks, in its own words]])
* extension[view].value[x] only string
* insert Part(at, [[When it was asked]])
* extension[at].value[x] only dateTime

Extension: MeetingPlace
Id: meeting-place
Title: "Where the meeting is"
Description: "The address in words, or the link to the digital meeting; one for each (R91)."
Context: Appointment
* insert Metadata
* value[x] 1..1
* value[x] only string or url
