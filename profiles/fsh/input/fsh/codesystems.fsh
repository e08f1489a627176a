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
* #fodelsedatum "Tilldelad efter födelsedatum" "Verksamheten har utsett personen efter patientens födelsedatum."
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

CodeSystem: NeedCriteriaCS
Id: need-criteria
Title: "Kriterier för behov av fast vårdkontakt"
Description: "What makes a person a candidate for a fast vårdkontakt (R19)."
* insert SwedishCodes
* #multisjuk-aldre "Multisjuk eller skör äldre"
* #langvarig-sjukdom "Kronisk eller långvarig sjukdom"
* #flera-vardgivare "Insatser från flera vårdgivare eller vårdnivåer"
* #nedsatt-funktion "Nedsatt funktionsförmåga eller kognition"
* #beroende "Skadligt bruk eller beroende"
* #ofta-akut "Söker ofta akut"
* #behov-av-trygghet "Särskilt behov av trygghet"
* #cancer "Cancersjukdom" "Cancerpatienter har alltid en kontaktsjuksköterska (R29)."
* #demens "Demenssjukdom"
* #npf "Neuropsykiatrisk funktionsnedsättning"

CodeSystem: ContactTaskCS
Id: contact-task
Title: "Den fasta kontaktens uppgifter"
Description: "What a fixed contact does for the patient (R16, R25; prop. 2009/10:67)."
* insert SwedishCodes
* #samordna "Samordna vårdens insatser"
* #informera "Informera om vårdsituationen"
* #formedla "Förmedla kontakter i vården"
* #kontaktperson "Vara kontaktperson mot vård, socialtjänst och myndigheter"
* #delta-i-planering "Delta i vårdplanering"
* #folja-upp "Följa upp planer"
* #lakemedel "Samverka om läkemedel"
* #ansvara-planering "Ansvara för planeringen av vården" "Den legitimerade läkaren vid livshotande tillstånd (SOSFS 2011:7, 2 kap. 4 §)."
* #ansvara-uppfoljning "Ansvara för uppföljningen av vården" "Den legitimerade läkaren vid livshotande tillstånd (SOSFS 2011:7, 2 kap. 5 §)."

CodeSystem: PatientDecisionCS
Id: patient-decision
Title: "Patientens beslut"
Description: "Whether the patient accepts the contact (R7)."
* insert SwedishCodes
* #accepted "Accepterar"
* #declined "Avböjer"

CodeSystem: ChangeDecisionCS
Id: change-decision
Title: "Beslut om byte av kontakt"
Description: "What was decided about a change (R46)."
* insert SwedishCodes
* #beviljat "Beviljat"
* #avslaget "Avslaget"

CodeSystem: TaskCodeCS
Id: task-code
Title: "Typ av uppgift"
Description: "What somebody has to do (R20, R46, R91, R92)."
* insert SwedishCodes
* #kallelse "Kallelse till SIP-möte"
* #byte-av-kontakt "Begäran om byte av kontakt"
* #uppfoljning "Uppföljning av plan"
* #omprovning "Ny bedömning av behovet av fast kontakt"
* #planering "Planering inför utskrivning" "En enhet som fått inskrivningsmeddelandet börjar planera (lagen 2017:612, 2 kap. 4 §)."
* #utse-kontakt "Utse fast vårdkontakt före utskrivning" "Den regionala öppna vården utser en fast vårdkontakt (lagen 2017:612, 2 kap. 5 §)."
* #sip-behov "Behov av samordnad individuell plan" "Någon har bedömt eller föreslagit att en plan behövs (R75, R82)."

CodeSystem: CommunicationCategoryCS
Id: communication-category
Title: "Typ av meddelande"
Description: "What was told or sent: messages of the discharge process, information to the patient, copies of plans (R9, R10, R55–R64, R81)."
* insert SwedishCodes
* #inskrivningsmeddelande "Inskrivningsmeddelande"
* #andrad-utskrivning "Ändrad beräknad tidpunkt för utskrivning"
* #utskrivningsklar "Underrättelse om utskrivningsklar"
* #utskrivningsklar-atertagen "Underrättelse om att patienten inte längre är utskrivningsklar"
* #utskrivningsinformation "Information vid utskrivning"
* #mojlighet-till-kontakt "Information om möjligheten till fast kontakt"
* #vem-som-ar-kontakt "Information om vem som är fast kontakt och hur den nås"
* #skriftlig-utskrivningsinformation "Skriftlig information till patienten vid utskrivning"
* #plankopia "Kopia av plan"
* #paminnelse "Påminnelse om kallelse till SIP-möte"
* #plandelning "Plan lämnad till en annan aktör" "Det som samtycket omfattar, till den som inte får läsa direkt (R78, R94, R100)."

CodeSystem: ServiceTypeCS
Id: service-type
Title: "Typ av möte"
Description: "Kinds of meeting that no national code was found for (R91)."
* insert SwedishCodes
* #sip-mote "SIP-möte"

CodeSystem: MeetingFormCS
Id: meeting-form
Title: "Mötesform"
Description: "Where and how a meeting is held (R66, R91)."
* insert SwedishCodes
* #hemma "Hemma hos personen"
* #digitalt "Digitalt"
* #mottagning "På en mottagning eller annan enhet"
* #blandat "På plats och digitalt"
