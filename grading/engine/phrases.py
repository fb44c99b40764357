"""What speaks to whoever grades, in English, German, Spanish and French.

A space in these patterns stands for any white space, and " ?" for any or none. They are linear:
whatever repeats without bound is possessive, and all else bounded. An order counts anywhere where
no other reading makes sense (`ANYWHERE`), and else only where a sentence begins or after
"please", "you must" and the like (`ORDERS`): "Give me full marks" is one, "the teachers who give
me full marks" is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

END = r"(?=\s*+(?:[.,;:!?)\n]|\Z|(?:and|und|y|et)\b))"
"""Nothing follows that would give the words before it another meaning."""
AS_ROLE = (
    r"(?=\s*+(?:[.,;:!?)\n]|\Z|(?:that|who|which|and|grading|marking|tasked|designed|trained|der|"
    r"die|das|und|que|qui|et|y|model|system|assistant|grader)\b))"
)
"""The same after a role: in "an AI company" there is none."""

GRADER = (
    r"(?:(?:ai|llm|human|automatic|automated|exam|essay)[\s-])?(?:grader|evaluator"
    r"|examiner|marker|assessor)s?"
)
AI = r"(?:ai|a\.i\.|artificial intelligence|llm|(?:large )?language model|chatbot|chatgpt|gpt)"
TEXT = r"(?:answer|essay|submission|response|text|paper|work|assignment|report|student|author)"
INSTRUCTIONS = (
    r"(?:instructions?|rules?|prompts?|guidelines?|directions?|commands?|directives?"
    r"|rubrics?|criteria)"
)
IGNORE = (
    r"(?:ignore|disregard|forget|override|overlook|bypass|(?:do not|don't) follow|stop following)"
)
THE = r"(?:(?:all|any|of|the|your|these|those|my|every|this|that) ){0,4}"
BEST = (
    r"(?:(?:the|a|an|all|of) ){0,3}(?:(?:full|maximum|maximal|max|highest|top|perfect|best|all|"
    r"100 ?%)(?: the)? )(?:possible |available )?(?:marks?|points?|scores?|grades?"
    r"|credits?|levels?|ratings?)"
)
GOOD = r"(?:an? )?(?:good|high|passing|better|excellent) (?:marks?|scores?|grades?)"
OUT_OF = (
    r"(?:(?:an? )?(?:5|10|20|100) ?(?:out of|/) ?(?:5|10|20|100)"
    r"|(?:all )?(?:10|20|50|100) (?:points|marks))"
)

PRUEFER = r"(?:ki-)?(?:prüfer|korrektor|bewerter|gutachter)(?:in|innen)?"
KI = r"(?:ki|künstliche intelligenz|(?:ki-)?sprachmodell|llm|chatbot)"
VORHERIG = (
    r"(?:(?:vorherig|bisherig|vorig|früher|obig|vorangegangen|vorangehend|vorstehend)en?"
    r"|oben (?:stehend|genannt)en)"
)
ANWEISUNG = r"(?:anweisung(?:en)?|instruktion(?:en)?|regeln?|vorgaben?|befehle?|prompts?|hinweise?)"
PUNKTZAHL = (
    r"(?:(?:voll|höchst|maximal|best)(?:e|en|er|es|möglichen?|mögliche) "
    r"(?:punktzahl|punkte|note|stufe|bewertung|niveau)|höchstpunktzahl|bestnote)"
)

EVALUADOR = r"(?:evaluador|examinador|corrector|calificador)a?"
IA = r"(?:ia|inteligencia artificial|modelo de lenguaje|llm|chatbot)"
INSTRUCCIONES = r"(?:instrucci(?:ones|[oó]n)|reglas?|indicaciones|[oó]rdenes|directrices|normas)"
ANTERIORES = r"(?:anteriores|previas|precedentes|de arriba|del sistema)"
NOTA = r"(?:puntuaci[oó]n|nota|calificaci[oó]n|puntaje|puntos|nivel)"
MAXIMA = (
    rf"(?:m[aá]xim[ao]s? {NOTA}|{NOTA} (?:m[aá]xim[ao]s?|complet[ao]s?|total|perfect[ao]"
    rf"|m[aá]s alt[ao])|mejor {NOTA}|todos los puntos)"
)

CORRECTEUR = r"(?:correct|examinat|[ée]valuat|notat)(?:eur|rice)s?"
IA_FR = r"(?:ia|intelligence artificielle|mod[èe]le de langage|llm|chatbot)"
CONSIGNES = r"(?:instructions?|consignes?|r[èe]gles?|directives?|indications?)"
PRECEDENTES = r"(?:pr[ée]c[ée]dentes?|ant[ée]rieures?|ci-dessus|pr[ée]alables|du syst[èe]me)"
NOTE_MAXIMALE = (
    r"(?:(?:note|niveau|score|nombre de points) (?:maximale?|parfaite?|l[ae] plus "
    r"(?:haute?|[ée]lev[ée]e?))"
    r"|maximum de points|meilleure? (?:note|score))"
)

ANYWHERE = [
    # English
    (
        rf"{IGNORE} {THE}(?:previous|prior|preceding|earlier|above|foregoing) "
        rf"(?:\w++ )?{INSTRUCTIONS}\b"
    ),
    (
        rf"{IGNORE} {THE}(?:{INSTRUCTIONS}|everything|all|text) (?:written |said |stated |given )?"
        rf"(?:above|before this|so far|up to now){END}"
    ),
    (
        rf"{IGNORE} {THE}(?:{INSTRUCTIONS}|everything|all|what) (?:that )?"
        r"(?:you (?:were|have been|are)|i|they) (?:given|told)\b"
    ),
    (
        rf"you are (?:now|no longer|from now on) (?:(?:an?|the|my) )?(?:[\w-]++ ){{0,2}}?"
        rf"(?:{AI}|{GRADER}|assistant(?! (?:manager|professor|coach|director|editor)))\b"
    ),
    (
        rf"(?:this|my|our) (?:answer|essay|submission|response) (?:\w++ )?(?:deserves|merits|"
        rf"(?:should|must|has to|ought to) (?:get|receive|be (?:given|awarded))) "
        rf"(?:{BEST}|{OUT_OF})\b"
    ),
    (
        rf"(?:note|message|instructions?|memo|reminder|request) (?:to|for) (?:(?:the|my|any"
        rf"|all|you,?) )?"
        rf"(?:\w++ )?{GRADER}\b"
    ),
    rf"(?:note|message|instructions?) (?:to|for) (?:(?:the|any|all) )?{AI}(?: \w++)?\s*+:",
    (
        rf"from now on,? you (?:are|will be|act as) (?:(?:an?|the|my) )?(?:[\w-]++ ){{0,2}}?"
        rf"(?:{AI}|{GRADER})\b"
    ),
    rf"(?:to|for) the {AI} (?:(?:that|which|who) is )?(?:grading|marking|scoring|evaluating)\b",
    (
        r"(?:previous|prior|above|earlier) (?:instructions|prompt|rubric) (?:are|is) (?:now )?"
        r"(?:void|invalid|cancelled|canceled|obsolete|no longer valid)\b"
    ),
    r"(?:system[\s-]?prompt|(?:your|hidden) system prompts)\b",
    # German
    (
        rf"(?:ignorier(?:e|en sie)?|vergiss|vergessen sie|missachte|missachten sie)"
        rf"(?: (?:bitte|nun|jetzt|alle|sämtliche|die|deine|ihre|diese|den|das)){{0,4}} {VORHERIG} "
        rf"(?:\w++ )?{ANWEISUNG}\b"
    ),
    (
        rf"(?:du bist|sie sind) (?:jetzt|nun|ab sofort|ab jetzt|nicht mehr) (?:(?:eine?|der"
        rf"|die|mein|meine) )?"
        rf"(?:[\w-]++ ){{0,2}}?(?:{KI}|{PRUEFER}|assistent(?:in)?)\b"
    ),
    (
        rf"(?:hinweis|anmerkung|notiz|nachricht|anweisung) (?:an|für) (?:(?:den|die|das"
        rf"|alle) )?{PRUEFER}\b"
    ),
    (
        rf"(?:hinweis|anmerkung|notiz|nachricht|anweisung) (?:an|für) (?:(?:den|die|das"
        rf"|alle) )?{KI}\s*+:"
    ),
    # Spanish
    (
        rf"(?:ahora (?:eres|es usted)|(?:eres|es usted) ahora|a partir de ahora eres) (?:"
        rf"(?:una?|el|la|mi) )?"
        rf"(?:\w++ ){{0,2}}?(?:{IA}|{EVALUADOR}|asistente)\b"
    ),
    rf"(?:nota|mensaje|aviso|instrucciones) (?:para|al?) (?:(?:el|la|los) )?{EVALUADOR}\b",
    rf"(?:nota|mensaje|aviso|instrucciones) (?:para|al?) (?:(?:el|la|los) )?{IA}\s*+:",
    r"(?:prompt|mensaje) del sistema\b",
    # French
    (
        rf"(?:tu es|vous [êe]tes) (?:maintenant|d[ée]sormais|dor[ée]navant) "
        rf"(?:(?:une?|le|la|mon|ma) )?(?:\w++ ){{0,2}}?(?:{IA_FR}|{CORRECTEUR}|assistante?)\b"
    ),
    (
        rf"(?:note|message|remarque|instructions?) (?:au|aux|pour|[àa])(?: (?:le|la|les|l'))? ?"
        rf"(?:l')?{CORRECTEUR}\b"
    ),
    rf"(?:note|message|instructions?) (?:pour|[àa]) l'{IA_FR}\s*+:",
    r"(?:prompt|invite) syst[èe]me\b",
]

ORDERS = [
    # English
    (
        rf"{IGNORE} {THE}(?:(?:grading|marking|scoring|system|assessment) {INSTRUCTIONS}|rubric"
        rf"|instructions|prompt){END}"
    ),
    rf"{IGNORE} (?:all|any|your)(?: (?:of|the|your|these)){{0,3}} {INSTRUCTIONS}{END}",
    rf"you are (?:an?|the) (?:[\w-]++ ){{0,2}}?(?:{AI}|{GRADER}){AS_ROLE}",
    rf"as an? (?:\w++ )?{AI}(?: (?:model|assistant|system|grader|chatbot))?,? (?:you|i|please)\b",
    rf"as an? (?:\w++ )?{GRADER},? (?:you|please)\b",
    (
        rf"(?:act as|behave as|pretend to be|pretend (?:that )?you are) (?:(?:an?|my|the) )?"
        rf"(?:[\w-]++ )?"
        rf"(?:{AI}|{GRADER}){AS_ROLE}"
    ),
    (
        rf"(?:give|award|assign|grant|grade|mark|score|rate) (?:me|us|it|this|(?:this|my|our"
        rf"|the) {TEXT}) "
        rf"(?:with |as |at )?(?:{BEST}|{GOOD}|{OUT_OF}|an a(?=[+.!,\s]|\Z))"
    ),
    (
        r"(?:award|assign|grant|give) (?:the )?(?:full|maximum|top|perfect|highest) (?:possible )?"
        rf"(?:marks?|scores?|grades?|credit)(?: (?:to|for|on|in|across) "
        rf"(?:me|us|this|my|our|all|every|each|the {TEXT})\b|{END})"
    ),
    (
        r"(?:award|assign|grant) (?:the )?(?:full|maximum|highest|best) (?:possible )?"
        r"(?:points|levels?)(?: (?:everywhere|(?:to|for|on|in|across) "
        rf"(?:me|us|this|my|our|all|every|each|the {TEXT}))\b|{END})"
    ),
    rf"(?:dear|hello|hi|hey|attention)[,:]?(?: (?:the|my|mr|ms))? (?:\w++ )?{GRADER}\b(?!')",
    (
        rf"(?:dear|hello|hi|hey|attention)[,:]? {AI}(?: (?:model|system|assistant))?"
        r"(?=\s*+(?:[,.!:;\n-]|\Z|(?:please|grading|i|you|give|this)\b))"
    ),
    r"(?:new|updated|revised) (?:system )?instructions?\s*+:",
    # German
    (
        rf"(?:ignoriere?|ignorieren sie|vergiss|vergessen sie) (?:(?:bitte|alle|sämtliche"
        rf"|deine|ihre|die|"
        rf"das|den) ){{0,3}}(?:anweisungen|bewertungs\w++|instruktionen|rubrik){END}"
    ),
    rf"(?:ignoriere?|vergiss) (?:bitte )?alles (?:obige|bisherige|vorherige|oben){END}",
    rf"(?:du bist|sie sind) eine? (?:\w++ )?(?:{KI}|{PRUEFER}){AS_ROLE}",
    (
        rf"als (?:eine? )?{KI},? (?:(?:kann|bin|habe|darf|muss|werde|möchte) ich|(?:musst"
        rf"|sollst|bist) du)\b"
    ),
    (
        r"(?:gib|gebt|geben sie|vergib|vergeben sie|erteile|erteilen sie|bewerte|bewerten sie)"
        r"(?: (?:bitte|mir|uns|dafür|hierfür|dieser|diese|diesem|diesen|meiner|meine|meinem"
        r"|meinen|der|die"
        rf"|antwort|text|aufsatz|mit)){{0,5}} {PUNKTZAHL}\b(?! an\b)"
    ),
    (
        r"(?:gib|gebt|geben sie|vergib|erteile) (?:bitte )?"
        r"(?:mir|uns|dieser antwort|meiner antwort) (?:bitte )?"
        r"(?:alle punkte|(?:100|20|10) punkte|eine (?:gute|sehr gute|bessere) note)\b"
    ),
    (
        r"(?:du (?:musst|sollst)|sie (?:müssen|sollen)|bitte)(?: \w++){0,4}? (?:die )?"
        rf"{PUNKTZAHL} (?:geben|vergeben)\b"
    ),
    rf"(?:liebe|lieber|sehr geehrter?|hallo|achtung)[,:]?(?: (?:frau|herr))? {PRUEFER}\b",
    rf"(?:liebe|liebes|hallo|achtung)[,:]? {KI}(?=\s*+(?:[,.!:;\n-]|\Z))",
    # Spanish
    (
        r"(?:ignor[ae]|olvid[ae]|descart[ae]|ha(?:z|ga) caso omiso de|"
        rf"no (?:sigas?|tengas? en cuenta)) "
        rf"(?:(?:todas?|todos|cualquier|las|los|tus|sus|estas|de) ){{0,4}}"
        rf"(?:{ANTERIORES} {INSTRUCCIONES}|{INSTRUCCIONES} {ANTERIORES})\b"
    ),
    rf"(?:ignor[ae]|olvid[ae]) (?:todas (?:las|tus) {INSTRUCCIONES}|la r[uú]brica){END}",
    rf"(?:eres|usted es) una? (?:\w++ )?(?:{IA}|{EVALUADOR}){AS_ROLE}",
    rf"como (?:una? )?{IA},? (?:no puedo|puedo|debes?|no tengo|soy)\b",
    (
        r"(?:d[aáeé](?:me|le|nos)?|denme|ot[oó]rg[ao]?(?:ue|a)?(?:me|le)?|otorga|as[ií]gna(?:me|le)?|"
        r"pon(?:me|le|ga|game)?|conc[eé]de(?:me|le)?)"
        r"(?: (?:a|esta|mi|este|la|el|los|una|un|por|favor|respuesta|texto|ensayo|trabajo)){0,5}"
        rf" {MAXIMA}\b(?! de\b)"
    ),
    r"pon(?:me|game) (?:un|una) (?:10|diez|buena nota)\b",
    rf"(?:estimad[oa]s?|querid[oa]s?|hola|atenci[oó]n)[,:]?(?: se[ñn]ora?)? {EVALUADOR}\b",
    rf"(?:estimada|querida|hola)[,:]? {IA}(?=\s*+(?:[,.!:;\n-]|\Z))",
    # French
    (
        r"(?:ignor(?:e|ez|er)|oubli(?:e|ez|er)|ne (?:tiens|tenez) (?:pas|aucun) compte d(?:e|es)|"
        r"ne (?:suis|suivez) pas) (?:(?:toutes?|tous|les|ces|tes|vos|des|de|la|le) ){0,4}"
        rf"(?:{PRECEDENTES} {CONSIGNES}|{CONSIGNES} (?:{PRECEDENTES}|plus haut)"
        rf"|grille d'[ée]valuation)"
    ),
    rf"(?:tu es|vous [êe]tes) une? (?:\w++ )?(?:{IA_FR}|{CORRECTEUR}){AS_ROLE}",
    rf"en tant qu(?:'|e )(?:une? )?(?:{IA_FR}|{CORRECTEUR}),? (?:je|j'|tu|vous)",
    (
        r"(?:donn(?:e|ez)|attribu(?:e|ez)|accord(?:e|ez)|met(?:s|tez))(?:-(?:moi|nous|lui))?"
        r"(?: (?:[àa]|cette|ma|mon|ce|r[ée]ponse|copie|texte|devoir|la|le|une?)){0,5} "
        rf"{NOTE_MAXIMALE}"
    ),
    (
        r"(?:donn(?:e|ez)|attribu(?:e|ez)|accord(?:e|ez)|met(?:s|tez))-(?:moi|nous|lui) "
        r"(?:tous les points"
        r"|(?:20|10) ?(?:/|sur) ?(?:20|10)|une bonne note)\b"
    ),
    (
        rf"(?:cher|ch[èe]re|bonjour|attention)[,:]?(?: (?:monsieur|madame)(?: l[ea])?)? "
        rf"(?:l')?{CORRECTEUR}\b"
    ),
    rf"(?:ch[èe]re|bonjour|attention)[,:]? (?:l')?{IA_FR}(?=\s*+(?:[,.!:;\n-]|\Z))",
]

FORMAT = re.compile(
    r"[\"'`\u201c\u201d](?:criterion|level)_\d++[\"'`\u201c\u201d]"
    r"|\bcriterion_\d++\s*+:"
    r"|[\"'\u201c\u201d]confidence[\"'\u201c\u201d]\s*+:"
    r"|\b(?:choose|select|pick|set|assign|output|return|give|use|put|award)"
    r"(?:\s++[\w'\"]++){0,4}?\s++level_\d"
    r"|\b(?:gets?|deserves?|receives?|reach(?:es)?|is|be|to)\s++level_\d",
    re.IGNORECASE,
)
"""Our own reply format, which no answer has a reason to imitate."""

LEAD_IN = re.compile(
    r"(?:[.!?:;,\n\r(\[\"'\u201c\u201d\u201e\u00ab\u00bb*>\u2013\u2014\u00a1\u00bf-]\s*"
    r"|\b(?:please|kindly|now|so|and|then|just|simply|you (?:must|should|will|shall|can)|"
    r"you (?:have|need|are|ought) to|that you|"
    r"(?:grader|examiner|evaluator|assessor) (?:must|should|shall|will|has to)|"
    r"(?:ask|want|beg|order|tell|urge|need|require|instruct) you to|"
    r"bitte|und|por favor|ahora|y|et|maintenant|s'il (?:te|vous) pla[iî]t),?\s+)\Z",
    re.IGNORECASE,
)
"""What an order may follow: the end of a sentence or clause, or a word that makes it one."""
REACH = 40


def _compiled(patterns: list[str]) -> re.Pattern[str]:
    whole = "|".join(f"(?:{pattern})" for pattern in patterns)
    spaced = rf"\b(?:{whole})".replace(" ?", r"\s*+").replace(" ", r"\s++")
    return re.compile(spaced, re.IGNORECASE)


_ANYWHERE, _ORDERS = _compiled(ANYWHERE), _compiled(ORDERS)


def addressing(text: str) -> Iterator[tuple[int, int]]:
    """Where words that speak to a grader begin and end, in no particular order."""
    for pattern in (_ANYWHERE, FORMAT):
        yield from (match.span() for match in pattern.finditer(text))
    order = _ORDERS.search(text)
    while order:
        before = text[max(0, order.start() - REACH) : order.start()]
        is_one = not before.strip() or LEAD_IN.search(before)
        if is_one:
            yield order.span()
        order = _ORDERS.search(text, order.end() if is_one else order.start() + 1)
