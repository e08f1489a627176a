// Condition: a diagnosis, and whether it threatens life.

Profile: SECondition
Parent: Condition
Id: se-condition
Title: "Condition"
Description: "A diagnosis or problem; a life-threatening one asks for a licensed physician as contact (R15; SOSFS 2011:7, 2 kap. 3 §)."
* insert Metadata
* extension contains LifeThreatening named life-threatening 0..1 MS
* extension[life-threatening] ^short = "Flag and since when. R15"
* clinicalStatus MS
* clinicalStatus ^short = "Whether it still holds."
* verificationStatus MS
* verificationStatus ^short = "How sure it is."
* category MS
* category ^short = "Problem list or encounter diagnosis."
* code 1..1 MS
* code ^short = "ICD-10-SE, and words. R19"
* subject MS
* subject only Reference(Patient)
* subject ^short = "The patient."
* encounter MS
* encounter ^short = "Where it was found."
* onset[x] MS
* onset[x] ^short = "Since when."
* recordedDate MS
* recordedDate ^short = "When it was recorded."
* note MS
* note ^short = "Notes."

Extension: LifeThreatening
Id: life-threatening
Title: "Life-threatening"
Description: "Whether the condition threatens life, and since when that is established (R15)."
Context: Condition
* insert Metadata
* extension contains flag 1..1 MS and at 0..1 MS
* insert Part(flag, [[Whether it threatens life]])
* extension[flag].value[x] only boolean
* insert Part(at, [[When that was established]])
* extension[at].value[x] only dateTime
* obeys co-lt

Invariant: co-lt
Description: "A life-threatening condition says since when: the physician is to be appointed as soon as possible after that (SOSFS 2011:7, 2 kap. 3 §)."
Severity: #error
Expression: "extension.where(url = 'flag').value = true implies extension.where(url = 'at').exists()"
