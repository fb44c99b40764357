"""The demo's texts: two course units, and the people. Everything is made up for the demo."""

from flexage.demo.content.biology import CATALASE, RESISTANCE
from flexage.demo.content.history import PEER_FEEDBACK, RESTITUTION
from flexage.demo.content.shapes import DemoComponent, flat

STUDENTS: tuple[tuple[str, str], ...] = (
    ("student1", "Nadia Fernhollow"),
    ("student2", "Tomasz Wielgorny"),
    ("student3", "Chidera Umeanwa"),
    ("student4", "Priya Sandalkar"),
    ("student5", "Mateo Quillabamba"),
)
"""User name and full name. `student5` has not answered anything."""

CONFIGURATOR: tuple[str, str] = ("configurator", "Ingrid Vasselby")
ADMIN: tuple[str, str] = ("admin", "Desmond Achterhof")
PEOPLE: tuple[tuple[str, str], ...] = (*STUDENTS, CONFIGURATOR, ADMIN)

COMPONENTS: tuple[DemoComponent, ...] = (
    DemoComponent(
        name="Foundations of Biology: Evolution and Enzymes",
        instructions=flat("""
            <p>This unit closes the first half of the course. It has two tasks: an
            <strong>explanation</strong> of an evolutionary process, and the
            <strong>discussion</strong> of the data from the laboratory class.</p>
            <p>Read the rubric of a task before you write. Work on your own, in full sentences, and
            keep to the length that the task gives.</p>
        """),
        entries=(RESISTANCE, CATALASE),
    ),
    DemoComponent(
        name="Arguing about the Past: Academic Writing for Historians",
        instructions=flat("""
            <p>In this unit you write a short <strong>argumentative essay</strong> on a question
            that historians and museums disagree about, and look back on the exchange of drafts in
            a <strong>reflection</strong>.</p>
            <p>Both texts must be your own. Where you take an idea from a reading or from another
            student, say so in the text.</p>
        """),
        entries=(RESTITUTION, PEER_FEEDBACK),
    ),
)

OVERRIDE_STUDENT = "student3"
"""Whose answer to the first entry the configurator looks at again."""

OVERRIDE_RAISE: tuple[int, int] = (3, 1)
"""The criterion and the level that a person chooses for student3's answer on resistance."""

OVERRIDE_REASON = (
    "The second paragraph ties its advice on colds to the survival of the germs that the drug "
    "cannot kill; it does so in everyday words, which this criterion accepts at the level Good."
)
OVERRIDE_FEEDBACK = flat("""
    <p>Your advice against antibiotics for a cold is sound, and you give the decisive reason
    yourself: the germs that cannot be killed <em>are left over and have all the room to
    themselves</em>. That is selection, and it contradicts your first paragraph, where the bacteria
    <em>got used to</em> the drug. Rewrite that paragraph with the idea of your second one, and
    say where the resistant germs come from (<strong>mutation</strong>).</p>
""")
