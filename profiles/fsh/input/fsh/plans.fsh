// Plans beside the SIP: the patientkontrakt that holds them together, and the national plan types.

RuleSet: PlanElements
* insert Element(identifier, [[Identity in the source system.]])
* insert Element(status, [[`draft`, `active`, `completed` …]])
* insert Element(intent, [[`plan`.]])
* intent = #plan
* title 1..1
* insert Element(title, [[What the plan is called where it is shown. GetCarePlans asks for it.]])
* subject only Reference(Patient)
* insert Element(subject, [[Whose plan.]])
* insert Element(period, [[From when, until when. R93]])
* insert Element(created, [[Dokumentationstid. R112]])
* insert Element(author, [[Who answers for the plan.]])
* insert Element(note, [[What everybody may read. R114]])

Profile: PatientkontraktCarePlan
Parent: CarePlan
Id: patientkontrakt-careplan
Title: "Patientkontrakt"
Description: "The umbrella over a person's plans, today called dokumenterad överenskommelse: what was agreed, who the fast vårdkontakt is, agreed times, and one coherent plan (R95, R96). Other plans point to it with partOf."
* insert Metadata
* extension contains
    WhatMatters named what-matters 0..1 MS and
    InternalNote named internal-note 0..* MS and
    $ApprovedForPatient named approved-for-patient 0..1 MS
* extension[what-matters] ^short = "Vad är viktigt för dig, in the person's own words. R96"
* extension[internal-note] ^short = "For staff only. R114"
* extension[approved-for-patient] ^short = "Inera's extension: whether the person sees it in 1177. R97, R113"
* insert PlanElements
* category 1..1
* category = PlanCategoryCS#patientkontrakt
* insert Element(category, [[`patientkontrakt`; no national code exists. R95]])
* insert Element(description, [[The agreement, from what matters to the person. R95, R96]])
* insert Element(careTeam, [[The fast vårdkontakt, and teams. R95]])
* insert Element(addresses, [[What the plans are about.]])
* insert Element(supportingInfo, [[Plans of other systems that can't point here. R98]])
* insert Element(goal, [[What the person wants. R96]])
* insert Element(activity, [[Agreed times, and what the person does and what care does. R95, R96]])
* insert Element(activity.reference, [[An Appointment, for an agreed time. R95]])
* insert Element(activity.detail, [[What is done, in words.]])
* insert Element(activity.detail.status, [[How far it has come.]])
* insert Element(activity.detail.performer, [[Who does it: the person, or care. R96]])
* insert Element(activity.detail.description, [[The words.]])
* obeys pk-1 and pk-2

Invariant: pk-1
Description: "An active patientkontrakt says what was agreed, by whom on the part of care, and from when (R95, R96)."
Severity: #error
Expression: "status = 'active' implies (description.exists() and author.exists() and period.start.exists())"

Invariant: pk-2
Description: "An active patientkontrakt names the fast vårdkontakt or the team to turn to (R95)."
Severity: #warning
Expression: "status = 'active' implies careTeam.exists()"

Profile: VardplanCarePlan
Parent: CarePlan
Id: vardplan-careplan
Title: "Vård- och omsorgsplan"
Description: "The national plan types beside SIP: vårdplan, habiliteringsplan, rehabiliteringsplan, genomförandeplan, standardiserad vårdplan, samordnad plan vid utskrivning or under LPT and LRV (R67, R86, R99). The elements are those of Inera's EHDS care plan and GetCarePlans."
* insert Metadata
* extension contains
    LegalBasis named legal-basis 0..* MS and
    InternalNote named internal-note 0..* MS and
    $ApprovedForPatient named approved-for-patient 0..1 MS
* extension[legal-basis] ^short = "The paragraph the plan rests on, as for a plan under LPT. R67"
* extension[internal-note] ^short = "For staff only. R114"
* extension[approved-for-patient] ^short = "Inera's extension: whether the person sees it in 1177. R113"
* insert Element(meta.source, [[The system it comes from, with its HSA-id. R112]])
* insert Element(partOf, [[The patientkontrakt. R95]])
* insert PlanElements
* category 1..1
* category from VardplanTypeVS (required)
* insert Element(category, [[One of Inera's plan types but SIP, which has a profile of its own. R86]])
* insert Element(description, [[What the plan is for.]])
* insert Element(encounter, [[The contact it was made at; GetCarePlans careContactId.]])
* author only Reference(PractitionerRole or Organization)
* insert Element(contributor, [[Other units that take part.]])
* insert Element(addresses, [[The condition: cancer, heart failure. R99]])
* insert Element(supportingInfo, [[The written plan, and what it builds on.]])
* insert Element(goal, [[What is to be reached.]])
* insert Element(activity, [[What is done.]])
* obeys vp-1

Invariant: vp-1
Description: "A plan in force says who answers for it and when it was documented (R112; GetCarePlans)."
Severity: #error
Expression: "status = 'active' implies (author.exists() and created.exists())"
