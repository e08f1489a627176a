"""What measures, parts of them and numbers are called in Swedish."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from fhir_server.measures.result import MISSING


@dataclass(frozen=True, slots=True)
class Words:
    """What a measure is called.

    Args:
        title: short.
        question: what it tells.
        included: who are counted.
        hits: who fulfil it; empty where that is no question.
    """

    title: str
    question: str
    included: str
    hits: str = ""


_COC = "Andelen par av besök som var hos samma person (Bice–Boxermans index, COC)."
_UPC = "Andelen besök hos den person som patienten träffade oftast (UPC)."
_SECON = "Andelen besök som var hos samma person som besöket före (SECON)."
_VISITED = "patienter med minst två besök"
_NAMED = "patienter med namngiven kontakt"
_LISTED = "listade patienter"

ENTRIES: MappingProxyType[str, Words] = MappingProxyType(
    {
        "fvk-antal": Words(
            "Patienter med fast vårdkontakt",
            "Hur många patienter har en namngiven fast vårdkontakt?",
            "patienter med namngiven fast vårdkontakt",
        ),
        "fvk-andel": Words(
            "Andel med fast vårdkontakt",
            "Hur stor andel av de listade har en namngiven fast vårdkontakt?",
            _LISTED,
            _NAMED,
        ),
        "flk-andel": Words(
            "Andel med fast läkarkontakt",
            "Hur stor andel av de listade har en namngiven fast läkarkontakt i primärvården?",
            _LISTED,
            _NAMED,
        ),
        "flk-sabo": Words(
            "Fast läkarkontakt i särskilt boende",
            "Hur stor andel av dem som bor i särskilt boende har en namngiven fast läkarkontakt?",
            "boende i särskilt boende",
            _NAMED,
        ),
        "fok-andel": Words(
            "Fast omsorgskontakt i hemtjänsten",
            "Hur stor andel av dem som har hemtjänst har en namngiven fast omsorgskontakt?",
            "personer med hemtjänst",
            _NAMED,
        ),
        "fvk-fore-utskrivning": Words(
            "Fast vårdkontakt före utskrivning",
            "Hur ofta fanns en namngiven fast vårdkontakt när patienten skrevs ut?",
            "utskrivningar i utskrivningsprocessen",
            "med kontakt före hemgång",
        ),
        "ism-24h": Words(
            "Inskrivningsmeddelande inom 24 timmar",
            "Hur ofta skickades inskrivningsmeddelandet inom 24 timmar från inskrivningen, eller "
            "från den bedömning som visade behovet?",
            "vårdtillfällen med inskrivningsmeddelande",
            "i tid",
        ),
        "kallelse-3d": Words(
            "Kallelse till SIP inom tre dagar",
            "Hur ofta skickades kallelsen till SIP-möte inom tre dagar från att patienten blev "
            "utskrivningsklar?",
            "vårdtillfällen där både regionens och kommunens insatser behövs",
            "i tid",
        ),
        "klar-till-hem": Words(
            "Dagar från utskrivningsklar till hemgång",
            "Hur många dagar gick från att patienten var utskrivningsklar till hemgången? "
            "Utfallet är medelvärdet.",
            "utskrivningar",
        ),
        "sip-innehall": Words(
            "SIP med lagens fyra delar",
            "Hur stor andel av de samordnade individuella planerna har de fyra delar som lagen "
            "kräver?",
            "planer som gjordes under perioden",
            "med alla fyra delar",
        ),
        "sip-uppfoljning": Words(
            "Uppföljda SIP",
            "Hur stor andel av planerna följdes upp när de skulle?",
            "planer som följdes upp eller skulle ha följts upp",
            "uppföljda",
        ),
        "sip-malgrupp": Words(
            "Personer med SIP",
            "Hur många personer har en samordnad individuell plan, och i vilka målgrupper?",
            "personer med en gällande SIP",
        ),
        "informerade": Words(
            "Informerade om sin kontakt",
            "Till hur stor andel av kontakterna har patienten fått veta vem det är?",
            "namngivna kontakter",
            "där patienten är informerad",
        ),
        "tid-till-kontakt": Words(
            "Tid från behov till kontakt",
            "Hur många dagar gick från behov till utsedd kontakt? Utfallet är medianen.",
            "utsedda kontakter",
            "inom sju dagar",
        ),
        "byten": Words(
            "Byten av kontakt",
            "Hur stor andel av kontakterna byttes under perioden?",
            "kontakter under perioden",
            "byten",
        ),
        "avbojda": Words(
            "Tackat nej till kontakt",
            "Hur stor andel av de listade har tackat nej till en fast kontakt?",
            _LISTED,
            "har tackat nej",
        ),
        "belastning": Words(
            "Patienter per kontakt",
            "Hur många patienter har varje kontakt? Utfallet är medianen. Det finns inget "
            "nationellt tak; enheten sätter sin egen gräns.",
            "kontakter",
            "över enhetens gräns",
        ),
        "belastning-by-type": Words(
            "Patienter per kontakt, efter typ",
            "Hur många patienter har varje kontakt av en viss typ? En person med två typer av "
            "uppdrag räknas i båda. Utfallet är medianen.",
            "kontakter",
            "över enhetens gräns",
        ),
        **{
            f"kont-{whom}-{index}": Words(
                f"Kontinuitet till {name}, {index.upper()}", text, _VISITED
            )
            for whom, name in (("lakare", "läkare"), ("total", "alla kontakter"))
            for index, text in (("coc", _COC), ("upc", _UPC), ("secon", _SECON))
        },
    }
)

STRATIFIERS = MappingProxyType(
    {
        "": "Alla",
        "unit": "Enhet",
        "huvudman": "Huvudman",
        "municipality": "Kommun",
        "sex": "Kön",
        "age-band": "Ålder",
        "contact-type": "Typ av kontakt",
        "reason": "Orsak",
        "requester": "Vem som bad om bytet",
        "target-group": "Målgrupp",
    }
)
MISSING_WORDS = "uppgift saknas"
VALUES = MappingProxyType(
    {
        ("huvudman", "region"): "region",
        ("huvudman", "kommun"): "kommun",
        ("huvudman", "annan"): "annan",
        ("sex", "male"): "män",
        ("sex", "female"): "kvinnor",
        ("sex", "other"): "annat kön",
        ("contact-type", "1"): "fast vårdkontakt",
        ("contact-type", "2"): "fast läkarkontakt",
        ("contact-type", "3"): "fast omsorgskontakt",
        ("contact-type", "4"): "fast vårdkontakt med samordningsansvar",
        ("reason", "byte-patient"): "patienten ville byta",
        ("reason", "byte-verksamhet"): "verksamheten behövde byta",
        ("reason", "ersatt"): "ersatt av en annan kontakt",
        ("reason", "overgang-vuxen"): "övergång till vuxenvården",
        ("reason", "slutat"): "kontakten har slutat",
        ("reason", "annat"): "annat",
        ("target-group", "psykisk-sjukdom-beroende"): "psykisk sjukdom och beroende",
        ("target-group", "psykisk-sjukdom-funktionsnedsattning"): (
            "psykisk sjukdom och funktionsnedsättning"
        ),
        ("target-group", "demens-somatik"): "demens och kroppslig sjukdom",
        ("target-group", "unga-psykosocialt"): "barn och unga med psykosociala behov",
        ("target-group", "placerade-barn"): "placerade barn och unga",
        ("target-group", "npf"): "neuropsykiatrisk funktionsnedsättning",
        ("target-group", "multisjuk-aldre"): "multisjuka och sköra äldre",
        ("target-group", "annan"): "annan målgrupp",
        ("requester", "patient"): "patienten",
        ("requester", "staff"): "verksamheten",
    }
)
REASONS = MappingProxyType(
    {
        "not-named": "kontakten har inget namn",
        "not-listed": "inte listad på någon enhet",
        "too-few-visits": "för få besök",
        "performer-not-known": "besök utan uppgift om vem patienten träffade",
        "need-not-recorded": "när behovet fanns är inte antecknat",
        "need-after-assignment": "behovet är antecknat efter att kontakten utsågs",
        "declined": "patienten tackade nej",
        "died-in-hospital": "avled på sjukhuset",
        "admission-not-recorded": "tiden för inskrivning är inte antecknad",
        "needs-not-recorded": "det är inte antecknat vems insatser som behövs",
        "never-ready": "meddelades aldrig som utskrivningsklar",
    }
)


def value_words(stratifier: str, value: str) -> str:
    """Give what a part is called; units are called by their names elsewhere."""
    if value == MISSING:
        return MISSING_WORDS
    if stratifier == "age-band":
        first, _, last = value.partition("-")
        return f"{first}–{last} år" if last else f"{first} år och äldre"
    if stratifier == "municipality":
        return f"kommun {value}"
    return VALUES.get((stratifier, value), value)


def reason_words(reason: str) -> str:
    """Give why somebody could not be counted."""
    return REASONS.get(reason, reason)
