// What is due when in the discharge process: $discharge-timeline of a stay and of a unit.

Instance: Encounter-notice-recipient
InstanceOf: SearchParameter
Usage: #definition
* insert SearchMetadata(notice-recipient, Encounter, reference, [[A unit that got an inskrivningsmeddelande about the stay]])
* expression = "(Encounter.extension.where(url = '{{canonical}}/StructureDefinition/admission-notice-sent').extension.where(url = 'to').value as Reference)"
* target[0] = #Organization

CodeSystem: DischargeStepCS
Id: discharge-step
Title: "Steg i utskrivningsprocessen"
Description: "What lagen (2017:612), and patientlagen, ask for between admission and the SIP meeting (R55–R67)."
* insert SwedishCodes
* #inskrivningsmeddelande "Inskrivningsmeddelande" "Inom 24 timmar (R57)."
* #beraknad-utskrivning "Ändrad beräknad utskrivning" "Så snart som möjligt (R58)."
* #planering "Planering i öppenvård och kommun" "När inskrivningsmeddelandet har tagits emot (R59)."
* #fast-vardkontakt "Fast vårdkontakt" "Före utskrivningen (R60)."
* #utskrivningsklar "Utskrivningsklar" "Så snart som möjligt (R61, R62)."
* #utskrivning "Utskrivning" "När patienten lämnar avdelningen."
* #informationsoverforing "Informationsöverföring" "Senast samma dag som utskrivningen (R63)."
* #skriftlig-information "Skriftlig information till patienten" "Vid utskrivningen (R64)."
* #kallelse "Kallelse till SIP-möte" "Inom tre dagar efter utskrivningsklar (R65)."
* #sip-mote "SIP-möte" "Oftast efter utskrivningen, i hemmet (R66)."
* #vardplan-tvangsvard "Samordnad vårdplan vid tvångsvård" "Egen process för LPT och LRV (R67)."

ValueSet: DischargeStepVS
Id: discharge-step
Title: "Steg i utskrivningsprocessen"
Description: "The steps of the discharge process."
* insert AllOf(DischargeStepCS)

CodeSystem: DischargeStepStatusCS
Id: discharge-step-status
Title: "Läge för ett steg"
Description: "How a step of the discharge process stands to its deadline at a moment."
* insert SwedishCodes
* #met "Klart i tid"
* #late "Klart för sent"
* #due "Att göra"
* #overdue "Försenat"
* #upcoming "Kommer senare" "Det som steget räknas från har inte hänt."
* #not-applicable "Gäller inte"

ValueSet: DischargeStepStatusVS
Id: discharge-step-status
Title: "Läge för ett steg"
Description: "How a step stands to its deadline."
* insert AllOf(DischargeStepStatusCS)

CodeSystem: PaymentStatusCS
Id: payment-status
Title: "Betalningsansvar"
Description: "Whether the municipality pays for days in hospital after utskrivningsklar (R68–R72)."
* insert SwedishCodes
* #inte-aktuellt "Inte aktuellt" "Förutsättningarna saknas."
* #har-inte-intratt "Har inte inträtt"
* #lopande "Löper"
* #avslutat "Avslutat" "Ansvaret inträdde och har upphört."
* #inget "Inget" "Utskriven innan ansvaret inträdde."

ValueSet: PaymentStatusVS
Id: payment-status
Title: "Betalningsansvar"
Description: "Whether the municipality pays."
* insert AllOf(PaymentStatusCS)

Extension: DischargeStep
Id: discharge-step
Title: "Discharge step"
Description: "A step of the discharge process as it stands at the moment asked about, with its deadline and paragraph (R54–R67, R73). Computed for answers of $discharge-timeline, never stored."
Context: Bundle.entry.search
* insert Metadata
* extension contains code 1..1 MS and status 1..1 MS and title 1..1 MS and responsible 0..1 MS and since 0..1 MS and deadline 0..1 MS and at 0..1 MS and paragraph 0..1 MS and text 1..1 MS
* insert Part(code, [[Which step]])
* extension[code].value[x] only code
* extension[code].valueCode from DischargeStepVS (required)
* insert Part(status, [[How it stands to its deadline]])
* extension[status].value[x] only code
* extension[status].valueCode from DischargeStepStatusVS (required)
* insert Part(title, [[In Swedish]])
* extension[title].value[x] only string
* insert Part(responsible, [[Who is to do it, in Swedish]])
* extension[responsible].value[x] only string
* insert Part(since, [[From when the deadline counts]])
* extension[since].value[x] only dateTime
* insert Part(deadline, [[The last moment that is in time]])
* extension[deadline].value[x] only dateTime
* insert Part(at, [[When it was done]])
* extension[at].value[x] only dateTime
* insert Part(paragraph, [[The law, of CodeSystem law]])
* extension[paragraph].value[x] only Coding
* insert Part(text, [[What to do, or how it went, in Swedish]])
* extension[text].value[x] only string

RuleSet: TimelineMetadata(resource, title)
* insert InstanceMetadata
* name = "DischargeTimeline"
* title = "{title}"
* kind = #operation
* affectsState = false
* code = #discharge-timeline
* resource = #{resource}
* system = false
* type = false
* instance = true

Instance: Encounter-discharge-timeline
InstanceOf: OperationDefinition
Usage: #definition
* insert TimelineMetadata(Encounter, [[Read the deadlines of a discharge]])
* description = "Every step of the discharge process of an inpatient stay: its deadline, whether it was met, and the paragraph; and the municipality's payment liability, explained step by step (R54–R74). Changes nothing. Also as a page with a drawn timeline (text/html)."
* insert In(at, 0, 1, dateTime, [[The moment to judge at, as what had happened by then; now when left out.]])
* insert Out(at, 1, 1, dateTime, [[The moment judged at.]])
* insert OutGroup(step, 0, *, [[A step of the process, in its order.]])
* insert OutPart(code, 1, 1, code, [[Which step.]])
* insert PartBound([[Canonical(DischargeStepVS)]])
* insert OutPart(title, 1, 1, string, [[The step in Swedish.]])
* insert OutPart(status, 1, 1, code, [[How it stands to its deadline.]])
* insert PartBound([[Canonical(DischargeStepStatusVS)]])
* insert OutPart(responsible, 0, 1, string, [[Who is to do it, in Swedish.]])
* insert OutPart(since, 0, 1, dateTime, [[From when the deadline counts.]])
* insert OutPart(deadline, 0, 1, dateTime, [[The last moment that is in time; absent where the law says as soon as possible, or it can't be known yet.]])
* insert OutPart(at, 0, 1, dateTime, [[When it was done.]])
* insert OutPart(paragraph, 0, 1, Coding, [[The law, of CodeSystem law.]])
* insert OutPart(text, 1, 1, string, [[What to do, or how it went, in Swedish.]])
* insert OutGroup(paymentLiability, 1, 1, [[The municipality's payment liability (R68–R72).]])
* insert OutPart(status, 1, 1, code, [[Whether it runs.]])
* insert PartBound([[Canonical(PaymentStatusVS)]])
* insert OutPart(agreement, 1, 1, string, [[The id of the agreement it was counted by; lagen where there is none.]])
* insert OutPart(enters, 0, 1, date, [[The first day the municipality pays for, where a notice of utskrivningsklar holds.]])
* insert OutPart(days, 1, 1, unsignedInt, [[Days to pay for until now, or until discharge.]])
* insert OutPart(amount, 0, 1, Money, [[What they cost; absent where the amount per day of a year is not known.]])
* insert OutPart(paragraph, 1, 1, Coding, [[The law, of CodeSystem law.]])
* insert OutPart(explanation, 1, *, string, [[The calculation, one step a line, in Swedish.]])

Instance: Organization-discharge-timeline
InstanceOf: OperationDefinition
Usage: #definition
* insert TimelineMetadata(Organization, [[Read what is due in a unit's discharges]])
* description = "The stays that a unit has, or got an inskrivningsmeddelande about, with the steps that are due or overdue, the most urgent first (R54–R67, R73). Changes nothing. Also as a page (text/html)."
* insert In(at, 0, 1, dateTime, [[The moment to judge at; now when left out.]])
* insert In(until, 0, 1, date, [[Only steps whose deadline is at the end of this day or before, and those without one that are due; all when left out.]])
* insert In(status, 0, *, code, [[Only steps that stand so; due and overdue when left out.]])
* insert Bound([[Canonical(DischargeStepStatusVS)]])
* insert In(_count, 0, 1, integer, [[How many stays to a page.]])
* insert Out(return, 1, 1, Bundle, [[A searchset: the Encounters as matches, each with its steps as extensions discharge-step of entry.search; beside them their patients, as included.]])
