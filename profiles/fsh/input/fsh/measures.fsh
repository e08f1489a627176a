// The measures of named contacts (R101–R107, R109), $evaluate-measure, and what its reports carry.

CodeSystem: MeasureGroupCS
Id: measure-group
Title: "Grupp i ett mått"
Description: "The answers within a measure."
* insert SwedishCodes
* #all "Alla"
* #by-type "Per kontakttyp"
* #coc "COC" "Continuity of Care, Bice och Boxerman: hur samlade besöken är."
* #upc "UPC" "Usual Provider of Care: andelen besök hos den som patienten träffar mest."
* #secon "SECON" "Sequential Continuity: hur ofta två besök i följd är hos samma person."

CodeSystem: MeasureStratifierCS
Id: measure-stratifier
Title: "Uppdelning av ett mått"
Description: "What the figures of a measure are divided by (R109)."
* insert SwedishCodes
* #unit "Enhet"
* #huvudman "Huvudman"
* #municipality "Kommun"
* #sex "Kön"
* #age-band "Åldersgrupp"
* #contact-type "Kontakttyp"
* #reason "Skäl"
* #requester "Vem som begärde"
* #target-group "Målgrupp"

CodeSystem: MeasureReasonCS
Id: measure-reason
Title: "Varför något inte räknas"
Description: "Why somebody is excluded from a measure, or a stratum is not known: reported, never hidden (DOMAIN 4.2)."
* insert SwedishCodes
* #missing "Uppgift saknas"
* #not-listed "Inte listad"
* #not-named "Kontakten är inte namngiven eller i tjänst"
* #died-in-hospital "Avliden före utskrivning"
* #declined "Patienten har avböjt"
* #need-not-recorded "Behovet är inte registrerat"
* #need-after-assignment "Behovet är registrerat efter tilldelningen"
* #too-few-visits "För få besök"
* #performer-not-known "Besök utan uppgift om vem som träffades"
* #admission-not-recorded "Tiden för inskrivning saknas"
* #needs-not-recorded "Det är inte registrerat vems insatser som behövs"
* #never-ready "Aldrig meddelad som utskrivningsklar"

ValueSet: MeasureGroupVS
Id: measure-group
Title: "Grupp i ett mått"
Description: "The answers within a measure."
* insert AllOf(MeasureGroupCS)

ValueSet: MeasureStratifierVS
Id: measure-stratifier
Title: "Uppdelning av ett mått"
Description: "What figures are divided by."
* insert AllOf(MeasureStratifierCS)

ValueSet: MeasureReasonVS
Id: measure-reason
Title: "Varför något inte räknas"
Description: "Why somebody is excluded, or a stratum not known."
* insert AllOf(MeasureReasonCS)

Profile: ContactMeasureReport
Parent: MeasureReport
Id: contact-measurereport
Title: "Rapport om fasta kontakter"
Description: "What a measure of named contacts comes to: populations, score and strata, with target, distribution and baseline (R101–R107, R109)."
* insert Metadata
* extension contains MeasureTarget named measure-target 0..1 MS and MeasureFilter named measure-filter 0..1 MS
* extension[measure-target] ^short = "What the score should reach. R102–R104"
* extension[measure-filter] ^short = "Whom the report is about, where not about everybody. R101"
* insert Element(measure, [[The measure, by url and version.]])
* insert Element(period, [[First and last day.]])
* insert Element(group, [[One answer; continuity has three. R105]])
* group.extension contains MeasureDistribution named measure-distribution 0..1 MS and MeasureBaseline named measure-baseline 0..1 MS
* group.extension[measure-distribution] ^short = "How the values are spread. R106"
* group.extension[measure-baseline] ^short = "The score of an earlier period, and the change. R104"
* insert Element(group.population, [[Populations, then the reasons for exclusion; a count that is held back is masked. R109]])
* insert Element(group.measureScore, [[Share, mean or median; absent where nobody is counted.]])
* insert Element(group.stratifier, [[By unit, huvudman, municipality, sex, age band, type. R109]])
* group.stratifier.stratum.extension contains MeasureDistribution named measure-distribution 0..1 MS and MeasureBaseline named measure-baseline 0..1 MS
* group.stratifier.stratum.extension[measure-distribution] ^short = "How the values are spread. R106"
* group.stratifier.stratum.extension[measure-baseline] ^short = "The score of an earlier period, and the change. R104"

Extension: MeasureTarget
Id: measure-target
Title: "Measure target"
Description: "What the score should reach; relative: how much more than in the baseline (R102–R104)."
Context: MeasureReport
* insert Metadata
* extension contains value 1..1 MS and relative 0..1 MS
* insert Part(value, [[The target]])
* extension[value].value[x] only decimal
* insert Part(relative, [[Whether the target is a change relative to the baseline]])
* extension[relative].value[x] only boolean

Extension: MeasureDistribution
Id: measure-distribution
Title: "Measure distribution"
Description: "How the values of a continuous variable are spread; percentiles by nearest rank (R106, R107)."
* ^context[0].type = #element
* ^context[0].expression = "MeasureReport.group"
* ^context[1].type = #element
* ^context[1].expression = "MeasureReport.group.stratifier.stratum"
* insert Metadata
* extension contains count 1..1 MS and least 1..1 MS and median 1..1 MS and p90 1..1 MS and most 1..1 MS and mean 1..1 MS
* insert Part(count, [[How many values]])
* extension[count].value[x] only unsignedInt
* insert Part(least, [[The lowest]])
* extension[least].value[x] only decimal
* insert Part(median, [[The median]])
* extension[median].value[x] only decimal
* insert Part(p90, [[The smallest value that at least 90 % do not exceed]])
* extension[p90].value[x] only decimal
* insert Part(most, [[The highest]])
* extension[most].value[x] only decimal
* insert Part(mean, [[The mean]])
* extension[mean].value[x] only decimal

Extension: MeasureBaseline
Id: measure-baseline
Title: "Measure baseline"
Description: "The score of an earlier period, and the change since: 0.2 is 20 % more (R104)."
* ^context[0].type = #element
* ^context[0].expression = "MeasureReport.group"
* ^context[1].type = #element
* ^context[1].expression = "MeasureReport.group.stratifier.stratum"
* insert Metadata
* extension contains period 1..1 MS and score 0..1 MS and change 0..1 MS
* insert Part(period, [[The earlier period]])
* extension[period].value[x] only Period
* insert Part(score, [[The score then]])
* extension[score].value[x] only decimal
* insert Part(change, [[The relative change since]])
* extension[change].value[x] only decimal

Extension: MeasureFilter
Id: measure-filter
Title: "Measure filter"
Description: "Whom a report is about, where not about everybody (R101)."
Context: MeasureReport
* insert Metadata
* extension contains unit 0..1 MS and huvudman 0..1 MS and municipality 0..1 MS and practitioner 0..1 MS
* insert Part(unit, [[The unit, with all that are part of it]])
* extension[unit].value[x] only Reference(Organization)
* insert Part(huvudman, [[Who answers for the units]])
* extension[huvudman].value[x] only code
* extension[huvudman].valueCode from HuvudmanVS (required)
* insert Part(municipality, [[Kommunkod of the home]])
* extension[municipality].value[x] only code
* insert Part(practitioner, [[Whose patients]])
* extension[practitioner].value[x] only Reference(Practitioner or PractitionerRole)

CodeSystem: MeasureReportKindCS
Id: measure-report-kind
Title: "Vad en rapport handlar om"
Description: "The report types of $evaluate-measure, as R4 names them."
* insert SwedishCodes
* #subject "En patient"
* #subject-list "Patienter, en och en"
* #population "Befolkningen"

ValueSet: MeasureReportKindVS
Id: measure-report-kind
Title: "Vad en rapport handlar om"
Description: "The report types of $evaluate-measure."
* insert AllOf(MeasureReportKindCS)

Instance: Measure-evaluate-measure
InstanceOf: OperationDefinition
Usage: #definition
* insert InstanceMetadata
* name = "EvaluateMeasure"
* title = "Evaluate a measure"
* kind = #operation
* affectsState = false
* code = #evaluate-measure
* base = "http://hl7.org/fhir/OperationDefinition/Measure-evaluate-measure"
* resource = #Measure
* system = false
* type = true
* instance = true
* description = "Computes a measure of named contacts for a period, from what is stored (R101–R109). R4's operation, with filters by unit, huvudman and municipality, and a baseline to compare with."
* insert In(periodStart, 1, 1, date, [[First day of the period; of a year or month the first.]])
* insert In(periodEnd, 1, 1, date, [[Last day of the period; of a year or month the last.]])
* insert In(measure, 0, 1, string, [[The measure, by canonical url or id. At the type only; at an instance the URL says it.]])
* insert In(reportType, 0, 1, code, [[population, subject or subject-list; subject where a subject is given, else population.]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = Canonical(MeasureReportKindVS)
* insert In(subject, 0, 1, string, [[The patient, as a relative reference.]])
* insert In(practitioner, 0, 1, string, [[A relative reference to a Practitioner or PractitionerRole: only the patients whose named contact this is.]])
* insert In(lastReceivedOn, 0, 1, dateTime, [[Not supported: reports are computed whole.]])
* insert In(unit, 0, 1, string, [[A relative reference to an Organization: only this unit, with all that are part of it.]])
* insert In(huvudman, 0, 1, code, [[Only units that the region, the municipality or another answers for.]])
* parameter[=].binding.strength = #required
* parameter[=].binding.valueSet = Canonical(HuvudmanVS)
* insert In(municipality, 0, 1, code, [[Only patients who live there, by kommunkod.]])
* insert In(withinDays, 0, 1, positiveInt, [[Of tid-till-kontakt: what counts as soon; 7 when left out.]])
* insert In(minimumVisits, 0, 1, positiveInt, [[Of kont-lakare and kont-total: patients with fewer visits are excluded; a setting when left out.]])
* insert In(baselineStart, 0, 1, date, [[First day of an earlier period to compare with.]])
* insert In(baselineEnd, 0, 1, date, [[Last day of the earlier period.]])
* insert Out(return, 1, 1, MeasureReport, [[The report.]])

RuleSet: MeasureOf(scoring)
* insert InstanceMetadata
* subjectCodeableConcept = http://hl7.org/fhir/resource-types#Patient
* scoring = http://terminology.hl7.org/CodeSystem/measure-scoring#{scoring}

RuleSet: GroupOf(code)
* group[+].code = MeasureGroupCS#{code}

RuleSet: PopulationOf(code, text)
* group[=].population[+].code = http://terminology.hl7.org/CodeSystem/measure-population#{code}
* group[=].population[=].criteria.description = "{text}"
* group[=].population[=].criteria.language = #text/plain
* group[=].population[=].criteria.expression = "{text}"

RuleSet: StratifierOf(code)
* group[=].stratifier[+].code = MeasureStratifierCS#{code}

Instance: fvk-antal
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(cohort)
* name = "AntalMedFastVardkontakt"
* title = "Antal patienter med namngiven fast vårdkontakt"
* description = "Living patients with a named fast vårdkontakt (types 1 and 4) in force at the end of the period (R101). Units are those of the contacts; a patient with contacts at two units is counted at both."
* improvementNotation = http://terminology.hl7.org/CodeSystem/measure-improvement-notation#increase
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Living patients with a named fast vårdkontakt (types 1 and 4) in force at the end of the period (R101). Units are those of the contacts; a patient with contacts at two units is counted at both.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)
* insert StratifierOf(contact-type)

Instance: fvk-andel
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(proportion)
* name = "AndelMedFastVardkontakt"
* title = "Andel listade med namngiven fast vårdkontakt"
* description = "Share of living, listed patients with a named fast vårdkontakt (types 1 and 4) in force at the end of the period (R101)."
* improvementNotation = http://terminology.hl7.org/CodeSystem/measure-improvement-notation#increase
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Living patients; those listed nowhere are excluded and reported.]])
* insert PopulationOf(denominator, [[Living patients; those listed nowhere are excluded and reported.]])
* insert PopulationOf(denominator-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(numerator, [[Patients with a named fast vårdkontakt in force.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)
* insert StratifierOf(contact-type)

Instance: flk-andel
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(proportion)
* name = "AndelMedFastLakarkontakt"
* title = "Andel listade med namngiven fast läkarkontakt"
* description = "Share of living, listed patients with a named fast läkarkontakt in force at the end of the period (R102). National goal: at least 55 % (end of 2022)."
* improvementNotation = http://terminology.hl7.org/CodeSystem/measure-improvement-notation#increase
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Living patients; those listed nowhere are excluded and reported.]])
* insert PopulationOf(denominator, [[Living patients; those listed nowhere are excluded and reported.]])
* insert PopulationOf(denominator-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(numerator, [[Patients with a named fast läkarkontakt in force.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)
* insert StratifierOf(contact-type)

Instance: flk-sabo
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(proportion)
* name = "FastLakarkontaktISabo"
* title = "Andel i särskilt boende med namngiven fast läkarkontakt"
* description = "Share of living residents of särskilt boende with a named fast läkarkontakt in force at the end of the period (R103). National goal: at least 80 %."
* improvementNotation = http://terminology.hl7.org/CodeSystem/measure-improvement-notation#increase
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Living patients with an EpisodeOfCare of form sabo in force.]])
* insert PopulationOf(denominator, [[Living patients with an EpisodeOfCare of form sabo in force.]])
* insert PopulationOf(denominator-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(numerator, [[Residents with a named fast läkarkontakt in force.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)
* insert StratifierOf(contact-type)

Instance: fok-andel
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(proportion)
* name = "AndelMedFastOmsorgskontakt"
* title = "Andel med hemtjänst som har namngiven fast omsorgskontakt"
* description = "Share of living people with hemtjänst who have a named fast omsorgskontakt in force at the end of the period (R38)."
* improvementNotation = http://terminology.hl7.org/CodeSystem/measure-improvement-notation#increase
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Living patients with an EpisodeOfCare of form hemtjanst in force.]])
* insert PopulationOf(denominator, [[Living patients with an EpisodeOfCare of form hemtjanst in force.]])
* insert PopulationOf(denominator-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(numerator, [[People with a named fast omsorgskontakt in force.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)
* insert StratifierOf(contact-type)

Instance: fvk-fore-utskrivning
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(proportion)
* name = "FastVardkontaktForeUtskrivning"
* title = "Andel utskrivningar med fast vårdkontakt före utskrivning"
* description = "Share of discharges, in the discharge process of lag (2017:612), at which a named fast vårdkontakt was in force (R60, R107)."
* improvementNotation = http://terminology.hl7.org/CodeSystem/measure-improvement-notation#increase
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Finished inpatient stays with an admission notice that ended in the period; those who died in hospital are excluded and reported.]])
* insert PopulationOf(denominator, [[Finished inpatient stays with an admission notice that ended in the period; those who died in hospital are excluded and reported.]])
* insert PopulationOf(denominator-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(numerator, [[Discharges at which a named fast vårdkontakt (types 1 and 4) was in force.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)
* insert StratifierOf(contact-type)

Instance: ism-24h
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(proportion)
* name = "InskrivningsmeddelandeInom24Timmar"
* title = "Andel inskrivningsmeddelanden inom 24 timmar"
* description = "Share of the stays with an admission notice for which it was sent within 24 hours of admission, or of the later assessment that found the need (R57, R107; lagen 2017:612, 2 kap. 1 §)."
* improvementNotation = http://terminology.hl7.org/CodeSystem/measure-improvement-notation#increase
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Inpatient stays whose first admission notice was sent in the period; those without a time of admission are excluded and reported.]])
* insert PopulationOf(denominator, [[Inpatient stays whose first admission notice was sent in the period; those without a time of admission are excluded and reported.]])
* insert PopulationOf(denominator-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(numerator, [[Stays whose first notice was in time.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)

Instance: kallelse-3d
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(proportion)
* name = "KallelseInomTreDagar"
* title = "Andel SIP-kallelser inom tre dagar"
* description = "Share of the stays whose patient needs insatser of both region and municipality for which the call to the SIP meeting was sent within three days of utskrivningsklar (R65, R107; lagen 2017:612, 4 kap. 3 §). Care under LPT and LRV is left out (R67)."
* improvementNotation = http://terminology.hl7.org/CodeSystem/measure-improvement-notation#increase
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Inpatient stays that were utskrivningsklar and need insatser of both, called in the period or due in it; those of which nobody said whose insatser are needed are excluded and reported.]])
* insert PopulationOf(denominator, [[Inpatient stays that were utskrivningsklar and need insatser of both, called in the period or due in it; those of which nobody said whose insatser are needed are excluded and reported.]])
* insert PopulationOf(denominator-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(numerator, [[Stays whose first kallelse was in time.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)

Instance: klar-till-hem
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(continuous-variable)
* name = "DagarFranUtskrivningsklarTillHemgang"
* title = "Dagar från utskrivningsklar till hemgång"
* description = "Days from the notice of utskrivningsklar that holds to discharge, mean over discharges in the discharge process (R61, R107)."
* improvementNotation = http://terminology.hl7.org/CodeSystem/measure-improvement-notation#decrease
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Finished inpatient stays with an admission notice that ended in the period; those never utskrivningsklar and those who died in hospital are excluded and reported.]])
* insert PopulationOf(measure-population, [[Finished inpatient stays with an admission notice that ended in the period; those never utskrivningsklar and those who died in hospital are excluded and reported.]])
* insert PopulationOf(measure-population-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(measure-observation, [[Days, with fractions.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)

Instance: sip-innehall
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(proportion)
* name = "SipMedLagensInnehall"
* title = "Andel SIP med de fyra delar som lagen kräver"
* description = "Share of the samordnade individuella planer made in the period that say the four things the law asks for (R76, R107; HSL 16 kap. 4 §, SoL 10 kap. 8 §)."
* improvementNotation = http://terminology.hl7.org/CodeSystem/measure-improvement-notation#increase
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Plans of category SIP made in the period, drafts among them.]])
* insert PopulationOf(denominator, [[Plans of category SIP made in the period, drafts among them.]])
* insert PopulationOf(denominator-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(numerator, [[Plans with insatser of region and of municipality, a huvudman for each, and one overall responsible.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)

Instance: sip-uppfoljning
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(proportion)
* name = "SipUppfoljningar"
* title = "Andel uppföljningar av SIP som hölls"
* description = "Share of the plans that were followed up in the period, or should have been (R92, R107)."
* improvementNotation = http://terminology.hl7.org/CodeSystem/measure-improvement-notation#increase
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Plans of category SIP, active or completed, with a follow-up held in the period or one that is due and not held.]])
* insert PopulationOf(denominator, [[Plans of category SIP, active or completed, with a follow-up held in the period or one that is due and not held.]])
* insert PopulationOf(denominator-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(numerator, [[Plans followed up in the period, with none due.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)

Instance: sip-malgrupp
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(cohort)
* name = "SipPerMalgrupp"
* title = "Personer med SIP per målgrupp"
* description = "Living people with a samordnad individuell plan in force at the end of the period, by target group (R88, R107). A person of two groups is counted in both."
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Living people with a plan of category SIP in force at the end of the period.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)
* insert StratifierOf(target-group)

Instance: informerade
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(proportion)
* name = "AndelInformerade"
* title = "Andel kontakter som patienten är informerad om"
* description = "Share of named contacts in force of whom the patient, or a relative, was told who it is and how to reach them (R9–R11; patientlagen 3 kap. 2 §). Counts contacts, not patients."
* improvementNotation = http://terminology.hl7.org/CodeSystem/measure-improvement-notation#increase
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Contacts of living patients in force; those nobody by name are excluded and reported.]])
* insert PopulationOf(denominator, [[Contacts of living patients in force; those nobody by name are excluded and reported.]])
* insert PopulationOf(denominator-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(numerator, [[Contacts with information given by the end of the period.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)
* insert StratifierOf(contact-type)

Instance: tid-till-kontakt
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(continuous-variable)
* name = "TidTillKontakt"
* title = "Tid från behov till utsedd kontakt"
* description = "Days from when the need was found, or asked for, to the assignment, of assignments made in the period (R2, R107): median, 90th percentile, and how many within a number of days."
* improvementNotation = http://terminology.hl7.org/CodeSystem/measure-improvement-notation#decrease
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Assignments made in the period; those without a recorded need, declined, not named or with a need after the assignment are excluded and reported.]])
* insert PopulationOf(measure-population, [[Assignments made in the period; those without a recorded need, declined, not named or with a need after the assignment are excluded and reported.]])
* insert PopulationOf(measure-population-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(measure-observation, [[Days from need-identified to appointed-by (or the start of the assignment).]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)
* insert StratifierOf(contact-type)

Instance: byten
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(proportion)
* name = "BytenAvKontakt"
* title = "Byten av kontakt, med skäl"
* description = "Share of assignments in force at any time of the period that a change of contact ended in it, by reason and by who asked (R46–R48)."
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Assignments in force at any time of the period.]])
* insert PopulationOf(denominator, [[Assignments in force at any time of the period.]])
* insert PopulationOf(denominator-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(numerator, [[Assignments that ended in the period because another contact takes over, or by a decision on change.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)
* insert StratifierOf(contact-type)
* insert StratifierOf(reason)
* insert StratifierOf(requester)

Instance: avbojda
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(proportion)
* name = "AvbojdaKontakter"
* title = "Andel som har avböjt kontakt"
* description = "Share of living, listed patients with a standing refusal of a contact (R7). A refusal that was withdrawn is none."
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Living patients; those listed nowhere are excluded and reported.]])
* insert PopulationOf(denominator, [[Living patients; those listed nowhere are excluded and reported.]])
* insert PopulationOf(denominator-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(numerator, [[Patients whose decision is declined.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)
* insert StratifierOf(contact-type)

Instance: belastning
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(continuous-variable)
* name = "BelastningPerKontakt"
* title = "Patienter per kontakt"
* description = "Living patients for each contact at the end of the period: least, median, 90th percentile, most, and how many contacts are over the threshold of their unit (R49–R51, R106). Counts contacts, not patients."
* insert GroupOf(all)
* insert PopulationOf(initial-population, [[Positions (PractitionerRole) with at least one living patient.]])
* insert PopulationOf(measure-population, [[Positions (PractitionerRole) with at least one living patient.]])
* insert PopulationOf(measure-population-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(measure-observation, [[Living patients of the contact, each once.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert GroupOf(by-type)
* insert PopulationOf(initial-population, [[Positions (PractitionerRole) with at least one living patient.]])
* insert PopulationOf(measure-population, [[Positions (PractitionerRole) with at least one living patient.]])
* insert PopulationOf(measure-population-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(measure-observation, [[Living patients of the contact, each once.]])
* insert StratifierOf(contact-type)

Instance: kont-lakare
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(continuous-variable)
* name = "KontinuitetLakare"
* title = "Kontinuitet till läkare"
* description = "Continuity indices COC, UPC and SECON of visits to licensed physicians in the period, mean over patients (R104, R105). National goal: 20 % more than a baseline year."
* improvementNotation = http://terminology.hl7.org/CodeSystem/measure-improvement-notation#increase
* insert GroupOf(coc)
* insert PopulationOf(initial-population, [[Patients with a finished visit that is no inpatient stay; those with fewer visits than the least number are excluded and reported.]])
* insert PopulationOf(measure-population, [[Patients with a finished visit that is no inpatient stay; those with fewer visits than the least number are excluded and reported.]])
* insert PopulationOf(measure-population-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(measure-observation, [[The index of the patient's visits.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)
* insert GroupOf(upc)
* insert PopulationOf(initial-population, [[Patients with a finished visit that is no inpatient stay; those with fewer visits than the least number are excluded and reported.]])
* insert PopulationOf(measure-population, [[Patients with a finished visit that is no inpatient stay; those with fewer visits than the least number are excluded and reported.]])
* insert PopulationOf(measure-population-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(measure-observation, [[The index of the patient's visits.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)
* insert GroupOf(secon)
* insert PopulationOf(initial-population, [[Patients with a finished visit that is no inpatient stay; those with fewer visits than the least number are excluded and reported.]])
* insert PopulationOf(measure-population, [[Patients with a finished visit that is no inpatient stay; those with fewer visits than the least number are excluded and reported.]])
* insert PopulationOf(measure-population-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(measure-observation, [[The index of the patient's visits.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)

Instance: kont-total
InstanceOf: Measure
Usage: #definition
* insert MeasureOf(continuous-variable)
* name = "KontinuitetTotal"
* title = "Kontinuitet till all personal"
* description = "Continuity indices COC, UPC and SECON of visits to anybody in the period, mean over patients (R104, R105). National goal: 20 % more than a baseline year."
* improvementNotation = http://terminology.hl7.org/CodeSystem/measure-improvement-notation#increase
* insert GroupOf(coc)
* insert PopulationOf(initial-population, [[Patients with a finished visit that is no inpatient stay; those with fewer visits than the least number are excluded and reported.]])
* insert PopulationOf(measure-population, [[Patients with a finished visit that is no inpatient stay; those with fewer visits than the least number are excluded and reported.]])
* insert PopulationOf(measure-population-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(measure-observation, [[The index of the patient's visits.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)
* insert GroupOf(upc)
* insert PopulationOf(initial-population, [[Patients with a finished visit that is no inpatient stay; those with fewer visits than the least number are excluded and reported.]])
* insert PopulationOf(measure-population, [[Patients with a finished visit that is no inpatient stay; those with fewer visits than the least number are excluded and reported.]])
* insert PopulationOf(measure-population-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(measure-observation, [[The index of the patient's visits.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)
* insert GroupOf(secon)
* insert PopulationOf(initial-population, [[Patients with a finished visit that is no inpatient stay; those with fewer visits than the least number are excluded and reported.]])
* insert PopulationOf(measure-population, [[Patients with a finished visit that is no inpatient stay; those with fewer visits than the least number are excluded and reported.]])
* insert PopulationOf(measure-population-exclusion, [[About whom the question can not be answered; the report says why.]])
* insert PopulationOf(measure-observation, [[The index of the patient's visits.]])
* insert StratifierOf(unit)
* insert StratifierOf(huvudman)
* insert StratifierOf(municipality)
* insert StratifierOf(sex)
* insert StratifierOf(age-band)
