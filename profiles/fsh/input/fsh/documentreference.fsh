// DocumentReference: the SIP in writing.

Profile: SipDocumentReference
Parent: DocumentReference
Id: sip-documentreference
Title: "SIP in writing"
Description: "The written copy of a SIP, for the person, 1177 and NPÖ (R64, R81, R93; GetCarePlans)."
* insert Metadata
* insert Element(identifier, [[Identity in the source system.]])
* insert Element(status, [[`current`; `superseded` when the plan has a newer version. R93]])
* insert Element(docStatus, [[`final` once the plan is fastställd.]])
* type 1..1
* type = $TypeOfCarePlan#SIP
* insert Element(type, [[`SIP`, as typeOfCarePlan of GetCarePlans.]])
* subject 1..1
* subject only Reference(Patient)
* insert Element(subject, [[Whose plan.]])
* date 1..1
* insert Element(date, [[documentTime of GetCarePlans.]])
* insert Element(author, [[Who wrote it.]])
* insert Element(custodian, [[The accountable vårdgivare or vårdenhet. R112]])
* insert Element(securityLabel, [[`NOPATIENT` where the person must not see it. R113]])
* insert Element(content, [[The document, once for each format.]])
* content.attachment.contentType 1..1
* insert Element(content.attachment.contentType, [[HTML, PDF or text.]])
* insert Element(content.attachment.language, [[Language of the document. R11]])
* insert Element(content.attachment.data, [[The document itself.]])
* insert Element(content.attachment.url, [[Or where it is.]])
* insert Element(content.attachment.size, [[Octets; GetCarePlans takes 100 KB.]])
* insert Element(content.attachment.title, [[What it is called.]])
* insert Element(context, [[What it was made from.]])
* insert Element(context.related, [[The CarePlan. R93]])
* obeys dr-1 and dr-2 and dr-3

Invariant: dr-1
Description: "The document is there: as data or at a url (R81)."
Severity: #error
Expression: "content.attachment.all(data.exists() or url.exists())"

Invariant: dr-2
Description: "GetCarePlans takes documents of at most 100 KB (R93)."
Severity: #warning
Expression: "content.attachment.where(size > 102400).empty()"

Invariant: dr-3
Description: "The document says which plan it is a copy of (R81, R93)."
Severity: #error
Expression: "context.related.where(type = 'CarePlan' or reference.matches('(^|/)CarePlan/')).exists()"
