// Local codes, only where no national ones could be verified. Each has a value set of the same id.

CodeSystem: AppointmentBasisCS
Id: appointment-basis
Title: "Grund för att en fast kontakt utses"
Description: "Why a fixed contact was appointed (R1, R4, R8, R22)."
* insert SwedishCodes
* #begard "På patientens begäran" "Patienten har begärt en fast vårdkontakt (patientlagen 6 kap. 2 §)."
* #behov "Bedömt behov" "Nödvändigt för trygghet, kontinuitet, samordning eller säkerhet (patientlagen 6 kap. 2 §)."
* #utskrivning "Utskrivning från sluten vård" "Utses vid utskrivning (lagen 2017:612, 2 kap. 5 §)."
* #livshotande "Livshotande tillstånd" "Legitimerad läkare utses (SOSFS 2011:7, 2 kap. 3 §)."
* #hemsjukvard "Inskrivning i hemsjukvård" "Utses när patienten skrivs in i hälso- och sjukvård i hemmet eller bor i särskilt boende."
* #vald "Patientens eget val" "Patienten har valt personen."
* #tilldelad "Tilldelad" "Verksamheten har utsett personen när patienten inte valt."
* #omrade "Tilldelad efter område" "Verksamheten har utsett personen efter var patienten bor."
* #listning "Tilldelad efter listning" "Följer av patientens listning."
* #fortsatt "Fortsatt kontakt" "En kontakt som redan fanns fortsätter, till exempel efter utskrivning."

CodeSystem: AppointmentGroundsCS
Id: appointment-grounds
Title: "Behov som fast vårdkontakt tillgodoser"
Description: "The four needs of patientlagen 6 kap. 2 § (R2)."
* insert SwedishCodes
* #trygghet "Trygghet"
* #kontinuitet "Kontinuitet"
* #samordning "Samordning"
* #sakerhet "Säkerhet"

CodeSystem: HuvudmanCS
Id: huvudman
Title: "Huvudman"
Description: "Who answers for an organisation or an activity (R76)."
* insert SwedishCodes
* #region "Region"
* #kommun "Kommun"
* #annan "Annan" "Annan än region och kommun, till exempel skola, Försäkringskassan eller närstående."

CodeSystem: ConsentCategoryCS
Id: consent-category
Title: "Typ av samtycke"
Description: "What a consent is about (R75, R78, R111)."
* insert SwedishCodes
* #sip "Samtycke till samordnad individuell plan"
* #svod "Samtycke till sammanhållen vård- och omsorgsdokumentation"
* #sparr "Spärr"

CodeSystem: ConsentFormCS
Id: consent-form
Title: "Samtyckets form"
Description: "How a consent was given (R78)."
* insert SwedishCodes
* #muntligt "Muntligt"
* #skriftligt "Skriftligt"

CodeSystem: EndReasonCS
Id: end-reason
Title: "Skäl till att en fast kontakt avslutas"
Description: "Why an assignment ended (R7, R20, R46, R47)."
* insert SwedishCodes
* #behov-upphort "Behovet har upphört"
* #byte-patient "Byte på patientens begäran"
* #byte-verksamhet "Byte på verksamhetens begäran"
* #slutat "Kontakten har lämnat uppdraget"
* #ersatt "Ersatt av en annan kontakt"
* #avbojd "Patienten har avböjt"
* #flyttat "Patienten har flyttat"
* #overgang-vuxen "Övergång till vuxenvård"
* #avliden "Patienten har avlidit"
* #annat "Annat skäl"

CodeSystem: InformationChannelCS
Id: information-channel
Title: "Informationsväg"
Description: "How information or a copy was given (R10, R81)."
* insert SwedishCodes
* #besok "Besök"
* #telefon "Telefon"
* #video "Video"
* #brev "Brev"
* #1177 "1177"

CodeSystem: InformationRecipientCS
Id: information-recipient
Title: "Mottagare av information"
Description: "Who was informed (R10, R11)."
* insert SwedishCodes
* #patient "Patienten"
* #narstaende "Närstående" "När patienten inte kan ta emot informationen (patientlagen 3 kap. 4 §)."

CodeSystem: ContactTitleCS
Id: contact-title
Title: "Lokal benämning på fast vårdkontakt"
Description: "Local titles that map to the role fast vårdkontakt (R28)."
* insert SwedishCodes
* #kontaktsjukskoterska "Kontaktsjuksköterska"
* #kranskarlssjukskoterska "Kranskärlssjuksköterska"
* #sviktsjukskoterska "Sviktsjuksköterska"
* #samordnare "Samordnare"
* #samordningssjukskoterska "Samordningssjuksköterska"
* #specialistsjukskoterska "Specialistsjuksköterska"
* #patientansvarig-lakare "Patientansvarig läkare"

CodeSystem: CertificateCS
Id: certificate
Title: "Bevis om skyddad yrkestitel"
Description: "Certificates that are no licence (R38). No national code could be verified."
* insert SwedishCodes
* #underskoterska "Undersköterska" "Bevis om rätt att använda yrkestiteln undersköterska."

CodeSystem: PlanCategoryCS
Id: plan-category
Title: "Plankategori utöver de nationella"
Description: "Kinds of plan that Inera's code system lacks (R95)."
* insert SwedishCodes
* #patientkontrakt "Patientkontrakt" "Dokumenterad överenskommelse som håller ihop personens planer."
