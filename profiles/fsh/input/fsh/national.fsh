// Fragments of national code systems: only the codes that rules and the demo look at.

CodeSystem: HsaBefattningCS
Id: hsa-befattning
Title: "HSA befattning"
Description: "Positions in the HSA catalogue that the rules look at: physicians with and without a licence, and distriktssköterska. Inera's code system, OID 1.2.752.129.2.2.1.4."
* insert Metadata
* ^url = $HsaBefattning
* ^language = #sv
* ^caseSensitive = true
* ^content = #fragment
* #201010 "Överläkare"
* #201011 "Distriktsläkare/Specialist allmänmedicin"
* #201012 "Skolläkare"
* #202010 "Specialistläkare"
* #203010 "Läkare legitimerad, specialiseringstjänstgöring"
* #203020 "Läkare legitimerad, bastjänstgöring"
* #203090 "Läkare legitimerad, annan"
* #204010 "Läkare ej legitimerad, allmäntjänstgöring" "Gives no licence: may not be the contact that SOSFS 2011:7 asks for."
* #204090 "Läkare ej legitimerad, annan" "Gives no licence: may not be the contact that SOSFS 2011:7 asks for."
* #206011 "Distriktssköterska"

CodeSystem: HospYrkeCS
Id: hosp-yrke
Title: "Legitimerat yrke (HOSP)"
Description: "Licensed professions in Socialstyrelsen's register, OID 1.2.752.116.3.1.3. The letters are as commonly used; no official list could be opened to verify them."
* insert Metadata
* ^url = $Hosp
* ^language = #sv
* ^caseSensitive = true
* ^content = #fragment
* #LK "Läkare"
* #SJ "Sjuksköterska"
* #BM "Barnmorska"
* #AT "Arbetsterapeut"
* #FT "Fysioterapeut"
* #PS "Psykolog"
* #PT "Psykoterapeut"
* #HK "Hälso- och sjukvårdskurator"
* #DT "Dietist"
* #LG "Logoped"

ValueSet: HsaBefattningVS
Id: hsa-befattning
Title: "HSA befattning"
Description: "All positions of the HSA catalogue, under the OID Inera uses."
* insert Metadata
* include codes from system HsaBefattningCS

CodeSystem: HsaVerksamhetskodCS
Id: hsa-verksamhetskod
Title: "HSA verksamhetskod"
Description: "Top groups of HSA's code system for kinds of unit, OID 1.2.752.129.2.2.1.3, version 4.1. The rules look at 15: only a physician in primary care can be fast läkarkontakt (R36)."
* insert Metadata
* ^url = $HsaVerksamhetskod
* ^language = #sv
* ^caseSensitive = true
* ^content = #fragment
* #10 "Barn- och ungdomsverksamhet"
* #11 "Medicinsk verksamhet"
* #14 "Övrig medicinsk verksamhet"
* #15 "Primärvårdsverksamhet"
* #16 "Psykiatrisk verksamhet"

ValueSet: HospYrkeVS
Id: hosp-yrke
Title: "Legitimerat yrke (HOSP)"
Description: "All licensed professions of HOSP: the content of HL7 Sweden's SEBaseHOSPLegitimationsYrkeVS."
* insert Metadata
* include codes from system HospYrkeCS

ValueSet: HsaVerksamhetskodVS
Id: hsa-verksamhetskod
Title: "HSA verksamhetskod"
Description: "All kinds of unit of HSA: the content of HL7 Sweden's SEBaseHSAVerksamhetVS."
* insert Metadata
* include codes from system HsaVerksamhetskodCS
