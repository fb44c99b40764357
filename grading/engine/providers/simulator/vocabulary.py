"""Word lists: what carries no content, what only rubrics say, and what gives an answer structure.

All words stand in the form that :func:`grading.engine.providers.simulator.text.fold` gives them:
lower case, without accents, German ß as ss. English, German and Spanish; in other languages the
lists find nothing, and the weighting of terms alone has to tell them apart.
"""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENGLISH_STOPS = """
a about above after again all also am an and any are as at be been before being below between both
but by can come comes could did do does doing down during each either else etc ever every few for
from further get gets give given gives got had has have having he her here hers him his how however
i if in into is it its just let lot made make makes many may me might more most much must my need no
nor not now of off on once one only or other our out over own per rather same shall she should so
some still such take taken takes taking than that the their them then there these they thing things
this those though three through thus to too two under until up upon us use used uses using very via
was way we well were what when where whether which while who whom whose why will with within without
would yet you your dont doesnt isnt cant
"""

GERMAN_STOPS = """
ab aber alle allem allen aller alles als also am an andere anderen anderer anderes auch auf aus bei
beim bereits bin bis bist da dabei dadurch dafur damit dann daran darauf daraus darf das dass davon
dazu dein deine dem den denn der deren des deshalb dessen die dies diese diesem diesen dieser dieses
doch dort du durch ein eine einem einen einer eines er es etwa etwas euch fur gegen gibt hab habe
haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in ins
ist ja jede jedem jeden jeder jedes jedoch kann kein keine keinem keinen keiner konnen konnte man
mehr mein meine mich mir mit mochte muss mussen musste nach nicht nichts noch nun nur ob oder ohne
sehr sein seine seinem seinen seiner seit sich sie sind so sodass solche soll sollen sollte sollten
somit sondern sowie uber um und uns unser unter viel viele vom von vor wann war waren was weil
welche welchem welchen welcher welches wenn wer werde werden wie wieder will wird wo wobei wurde
wurden zu zum zur zwar zwischen zwei drei
"""

SPANISH_STOPS = """
a al algo algun alguna algunas alguno algunos ante antes aquel aquella asi aun aunque bajo cada casi
como con contra cual cuales cuando cuanto de del desde donde dos durante e el ella ellas ellos en
entonces entre era eran es esa esas ese eso esos esta estaba estan estar estas este esto estos fue
fueron ha haber habia hace hacen hacer han hasta hay la las le les lo los mas me mi mientras mis muy
nada ni no nos nosotros o os otra otras otro otros para pero poco por porque pues puede pueden que
quien quienes se sea sean segun ser si sido sin sino sobre solo son su sus tal tambien tan tanto te
tener tiene tienen toda todas todo todos tres tu tus u un una unas uno unos usted y ya yo
"""

STOP_WORDS = _words(ENGLISH_STOPS + GERMAN_STOPS + SPANISH_STOPS)

RUBRIC_SPEAK = _words(
    """
    accuracy accurate accurately acceptable achieved adequate adequately answer answers appropriate
    aspect aspects assignment attempt basic brief complete completely completeness correct correctly
    correctness cover covers covered could criterion criteria demonstrate demonstrates describe
    describes description detail detailed details discuss discusses essay example excellent explain
    explained explains explanation explicitly fair few following form fully good grade identify
    identifies inaccurate include includes including incomplete incorrect indicate indicated
    indicates insufficient irrelevant item items knowledge lacks level limited little main major
    marginally mark marks mention mentioned mentioning mentions minimal minor missing mostly name
    named names number omits partial partially partly point points poor present presented proficient
    provide provides question relevant response responses rubric satisfactory satisfied satisfies
    satisfy several shows similar some specific specifically state stated states student students
    sufficient superficial task text thorough thoroughly topic role remark remarks significance
    significant importance important says understanding unsatisfactory vague write writes written
    wrong wrote weak strong beginning developing exemplary outstanding angemessen antwort antworten
    aspekt aspekte aufgabe ausfuhrlich ausgezeichnet ausreichend befriedigend begriff begriffe
    beispiel benannt benennt beschreibt beschreibung beschrieben bewertung detailliert erfullt
    erklart erklarung erkennt erlautert erwahnt fachlich falsch fehlen fehlend fehlende fehler fehlt
    frage genannt genau gut hervorragend korrekt kriterium lernende lernenden lucken luckenhaft
    mangelhaft nennt nennung niveau oberflachlich punkt punkte richtig schuler schulerin stellt
    teilweise thema umfassend unvollstandig unzureichend verstandnis vollstandig wenig wesentlich
    wesentliche wesentlichen adecuada adecuadamente adecuado alumno alumna aspectos completa
    completamente completo conocimiento correcta correctamente correcto criterio deficiente
    descripcion detalle ejemplo error errores estudiante excelente explica explicacion explicado
    falta faltan incompleta incompleto incorrecta incorrecto insuficiente menciona muestra nivel
    nombra parcial parcialmente pregunta presenta regular respuesta respuestas suficiente tarea tema
    """
)
"""How rubrics talk about answers; an answer need not say these words to be good."""

FORM_WORDS = _words(
    """
    argument arguments argumentation argumentative arguing clarity clear clearly clean coherence
    coherent coherently cohesion cohesive communication conclusion concise connectives expression
    flow fluent follow format grammar grammatical incoherent introduction language layout legible
    linked logic logical logically organisation organise organised organization organize organized
    paragraph paragraphs punctuation readability readable reasoning reasoned reasons sentence
    sentences sequence spelling structure structured style syntax tone transitions vocabulary
    wording writing absatz absatze argumente aufbau ausdruck einleitung formulierung formulierungen
    gegliedert gliederung grammatik klar klare klarheit koharent logisch logische nachvollziehbar
    rechtschreibung roter satzbau schluss sprache sprachlich sprachliche stil struktur strukturiert
    ubersichtlich verstandlich verstandlichkeit zeichensetzung zusammenhangend argumentacion
    argumentos claridad clara claramente claro coherencia coherente estilo estructura estructurado
    estructurada expresion gramatica introduccion lenguaje logica logico ordenada ordenado
    organizacion ortografia parrafo parrafos puntuacion redaccion sintaxis vocabulario
    """
)
"""Words of criteria that ask how something is written; those are met by structure, not terms."""

CONNECTIVES = _words(
    """
    although because consequently finally first firstly furthermore hence however instead lastly
    meanwhile moreover nevertheless otherwise second secondly since so therefore third thirdly thus
    unless whereas while conclusion contrast result example aber allerdings also anschliessend
    ausserdem da dadurch daher damit danach dann denn dennoch deshalb deswegen einerseits
    andererseits erstens ferner folglich hingegen indem insgesamt jedoch obwohl schliesslich sodass
    somit trotzdem wahrend weil zudem zuerst zunachst zusammenfassend zweitens ademas aunque
    consecuencia consiguiente cuando despues embargo entonces finalmente luego mientras pero porque
    primero pues segundo tanto
    """
)
"""Words that tie a reason, an order or a contrast to what stands before."""

NEGATIONS = _words("not cannot neither without nicht kein keine keinen ohne sin")
"""A statement of a rubric with one of these often names what must not be there."""
