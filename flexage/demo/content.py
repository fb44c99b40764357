"""The demo's texts: two course units with their entries, rubrics and answers, and the people.

Everything here is made up for the demo. Weak answers hold the mistakes that students make.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

SPACE_BEFORE_BLOCK = re.compile(r"\s+(?=</?(?:p|ul|li)>)")


@dataclass(frozen=True)
class DemoAnswer:
    """What one student wrote, as HTML."""

    student: str
    title: str
    content: str


@dataclass(frozen=True)
class DemoEntry:
    """A task with its rubric (`{}` where nobody has written it yet) and the answers to it."""

    title: str
    instructions: str
    rubric: dict[str, Any]
    answers: tuple[DemoAnswer, ...]


@dataclass(frozen=True)
class DemoComponent:
    """A course unit."""

    name: str
    instructions: str
    entries: tuple[DemoEntry, ...]


def _flat(text: str) -> str:
    """A text as it is stored: without the line breaks and indentation of this file."""
    return SPACE_BEFORE_BLOCK.sub("", " ".join(text.split()))


def _levels(*texts: str, points: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    """The performance levels, from best to worst."""
    if not points:
        return [{"text": text} for text in texts]
    return [{"text": text, "points": worth} for text, worth in zip(texts, points, strict=True)]


def _rubric(
    levels: list[dict[str, Any]], *rows: tuple[str, int, tuple[str, ...]]
) -> dict[str, Any]:
    """A definition from rows of (criterion, marks, what it looks like at each level)."""
    return {
        "criteria": [{"text": text, "marks": marks} for text, marks, _cells in rows],
        "performance_levels": levels,
        "cell_descriptions": [[_flat(cell) for cell in cells] for _text, _marks, cells in rows],
    }


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


RESISTANCE = DemoEntry(
    title="Explain how antibiotic resistance evolves",
    instructions=_flat("""
        <p>A hospital has used the same antibiotic for ten years. In the first year it cured almost
        every infection with a certain bacterium; now it fails in a third of the patients.
        <strong>Explain in 150 to 300 words how natural selection accounts for this
        change.</strong></p>
        <p>Your explanation should say</p>
        <ul>
        <li>where the differences between the bacteria come from,</li>
        <li>what the antibiotic does to a population in which such differences exist,</li>
        <li>how the population changes over the generations, and</li>
        <li>what follows for the way in which we should use antibiotics.</li>
        </ul>
        <p>Write for a fellow student who has not attended the lecture. Use the technical terms of
        the unit and make clear what they mean.</p>
    """),
    rubric=_rubric(
        _levels("Excellent", "Good", "Developing", "Limited"),
        (
            "Variation and its origin",
            10,
            (
                """Explains that resistance arises by random mutation of DNA, or arrives by
                horizontal gene transfer such as on a plasmid, and that this variation exists
                independently of exposure to the antibiotic.""",
                """States that some bacteria are already resistant before treatment, so that the
                population shows genetic variation, but says little or nothing about mutation or
                gene transfer as its origin.""",
                """Mentions that bacteria differ or mutate, but leaves open whether the variation
                comes before the antibiotic, or suggests that the drug causes the mutation.""",
                """Does not mention variation, or claims that bacteria become resistant on purpose
                because they need to, learn to, or get used to the antibiotic.""",
            ),
        ),
        (
            "Mechanism of selection",
            10,
            (
                """Names the antibiotic as a selective pressure and explains differential survival
                and reproduction: susceptible cells die, whereas resistant cells survive, meet less
                competition and multiply.""",
                """Explains that the antibiotic kills susceptible bacteria while resistant ones
                survive and reproduce, with a minor gap such as no mention of selective pressure
                or competition.""",
                """Says that the strongest or fittest bacteria survive the antibiotic, without
                connecting survival to reproduction or to a particular resistant trait.""",
                """Gives no mechanism of selection: reports only that the antibiotic stops working,
                or treats resistance as a change in the patient or in the drug.""",
            ),
        ),
        (
            "Inheritance and change in the population",
            10,
            (
                """Explains that resistance genes are inherited by daughter cells, so that the
                allele frequency rises over generations, and stresses that the population evolves,
                not the individual.""",
                """States that offspring inherit resistance and that resistant bacteria become more
                common over generations, but does not clearly distinguish population from
                individual or mention frequency.""",
                """Notes that there are more resistant bacteria later on, but does not explain how
                the trait is inherited or passed on from one generation to the next.""",
                """Describes individual bacteria as adapting or growing stronger during their
                lifetime, or does not describe any change over generations.""",
            ),
        ),
        (
            "Consequences for the use of antibiotics",
            10,
            (
                """Derives at least two recommendations, such as no antibiotics against viral
                infections or less use in livestock, and justifies each by reduced selective
                pressure.""",
                """Gives at least one sensible recommendation and connects it to the survival of
                resistant bacteria, in technical or everyday words, although the explanation stays
                incomplete.""",
                """Recommends using antibiotics less or more carefully, but offers no reason, or a
                reason that has nothing to do with selection for resistance.""",
                """Draws no conclusion about the use of antibiotics, or recommends something that
                would promote resistance, such as taking them as a precaution.""",
            ),
        ),
    ),
    answers=(
        DemoAnswer(
            student="student1",
            title="Selection in the ward",
            content=_flat("""
                <p>A population of bacteria is never uniform. Because the cells divide quickly and
                the copying of DNA is not perfect, random <strong>mutations</strong> arise all the
                time. A few of them happen to make an antibiotic less harmful to the cell, for
                example by altering the protein that the drug binds to. Bacteria can also receive a
                resistance gene on a plasmid from a neighbour (<em>horizontal gene transfer</em>).
                Neither happens because the cell needs it: the variation does not depend on the
                antibiotic and often exists before the drug is used.</p>
                <p>The antibiotic then acts as a <strong>selective pressure</strong>, that is, as
                something in the environment that favours one variant over another. It kills
                susceptible cells, whereas resistant cells survive and go on dividing, now with less
                competition for nutrients. They pass the resistance gene on to their daughter cells,
                so a larger share of each generation carries it. No single bacterium has adapted;
                the allele frequency in the population has changed. Over ten years this explains
                why the drug fails more and more often.</p>
                <p>It follows that every use of an antibiotic favours resistant strains, even among
                harmless gut bacteria, which can hand on their plasmids. A prescription against a
                cold, which is viral, brings no benefit but still selects for resistance. Treating
                only bacterial infections, and ending the routine use of antibiotics in livestock,
                would both reduce the selective pressure.</p>
            """),
        ),
        DemoAnswer(
            student="student2",
            title="Why the antibiotic stopped working",
            content=_flat("""
                <p>When the hospital began to use the antibiotic, nearly all the bacteria were
                <em>susceptible</em>, which means that the drug could kill them. A small number,
                however, were already resistant. This genetic variation within the population is
                the starting point of natural selection.</p>
                <p>Each time a patient was treated, the antibiotic killed the susceptible bacteria,
                while the resistant ones survived. The antibiotic is therefore a <strong>selective
                pressure</strong>. With most of their competitors gone, the survivors had more space
                and nutrients and could reproduce quickly. Bacteria copy their genes when they
                divide, so the offspring inherited the resistance. After many generations the
                resistant bacteria had become common, and patients were infected by them from the
                start. It is important that the single bacteria did not change. What changed was
                the proportion of resistant ones in the population.</p>
                <p>For the use of antibiotics this means that we should not take them when they
                cannot help, for example against influenza, which is caused by a virus. The drug
                would still kill the susceptible bacteria in our body and leave room for the
                resistant ones. Hospitals should also test which antibiotic works before they
                prescribe one, so that bacteria are not exposed to drugs without need.</p>
            """),
        ),
        DemoAnswer(
            student="student3",
            title="Bacteria get used to it",
            content=_flat("""
                <p>In the first year the bacteria did not know the antibiotic, so they died. But
                when it was used again and again they got used to it, like people get used to
                coffee. They needed to become stronger in order to live, and so they developed a
                defence. After ten years they were so strong that the medicine does not do
                anything to many of them. This is the survival of the fittest.</p>
                <p>I think doctors should not hand out these pills for a cold. A cold comes from a
                virus, and the pills do nothing to a virus. They only hit the other germs that live
                in us anyway, and the ones that cannot be killed are left over and have all the
                room to themselves. So the next time somebody is really ill, the pills may not
                help.</p>
            """),
        ),
        DemoAnswer(
            student="student4",
            title="Antibiotics",
            content=_flat("""
                <p>Penicillin was discovered by Alexander Fleming in 1928, when he saw that a mould
                had stopped bacteria from growing in a dish. Since then antibiotics have saved many
                lives. Some people are allergic to them.</p>
            """),
        ),
    ),
)

CATALASE = DemoEntry(
    title="Discuss the results of the catalase experiment",
    instructions=_flat("""
        <p>Your group measured how fast catalase from potato breaks down hydrogen peroxide at six
        temperatures. The extract and the peroxide stood in the water bath for two minutes before
        they were mixed. The values are the volume of oxygen collected in 60 seconds, as the mean
        of three runs with the standard deviation.</p>
        <ul>
        <li>10 °C: 6.1 mL (0.4)</li>
        <li>20 °C: 11.8 mL (0.6)</li>
        <li>30 °C: 17.9 mL (0.8)</li>
        <li>40 °C: 19.6 mL (3.9); single runs 15.4, 20.2 and 23.2 mL</li>
        <li>50 °C: 9.2 mL (0.9)</li>
        <li>60 °C: 1.3 mL (0.3)</li>
        </ul>
        <p>Write the <strong>discussion section</strong> of the lab report in 150 to 250 words.
        Describe the pattern with figures, explain it by what happens to the enzyme, and judge how
        far the data can be trusted. Suggest at least one improvement. Do not repeat the
        method.</p>
    """),
    rubric=_rubric(
        _levels("Secure", "Partial", "Not yet shown", points=(4, 2, 0)),
        (
            "Description of the pattern",
            8,
            (
                """Describes the rise, the maximum near 30 to 40 degrees and the steep fall, quotes
                figures with units, and compares values, for example as a ratio or percentage.""",
                """Describes the rise and fall of the oxygen volume correctly, but quotes few
                figures, leaves out units, or does not compare one value with another.""",
                """Gives only a general statement, such as that temperature matters, copies the
                list of values without describing a pattern, or misreads the data.""",
            ),
        ),
        (
            "Explanation by enzyme action",
            8,
            (
                """Explains the rise by kinetic energy and more frequent successful collisions of
                enzyme and substrate, and the fall by denaturation, which changes the shape of the
                active site.""",
                """Explains one side of the curve well, or names denaturation and collisions
                without saying what happens to the active site or the substrate.""",
                """Offers no explanation, or a wrong one, for instance that the enzyme is killed,
                gets tired or is used up at high temperature.""",
            ),
        ),
        (
            "Reliability and improvement",
            4,
            (
                """Uses the standard deviation at 40 degrees to limit the conclusion about the
                optimum, names a specific source of error, and proposes an improvement that
                addresses it.""",
                """Mentions variation between runs or a source of error, but does not relate it to
                the conclusion, or proposes an improvement of a general kind.""",
                """Does not question the data, or only says that human error may have occurred and
                that the experiment should be done more carefully.""",
            ),
        ),
    ),
    answers=(
        DemoAnswer(
            student="student2",
            title="Discussion: temperature and catalase",
            content=_flat("""
                <p>The volume of oxygen rose from 6.1 mL at 10 °C to 17.9 mL at 30 °C. It
                almost doubled between 10 and 20 °C (a factor of 1.9), while the step from 20
                to 30 °C was smaller (1.5). The highest mean, 19.6 mL, was found at 40 °C.
                Above that, activity fell by more than half, to 9.2 mL at 50 °C, and at
                60 °C only about 7 % of the maximum was left.</p>
                <p>The rise can be explained by <strong>kinetic energy</strong>: in a warmer
                solution molecules move faster, so catalase and its substrate collide more often
                and more of the collisions have enough energy to react. At 50 °C and above,
                the bonds that hold the protein in shape break. The enzyme
                <strong>denatures</strong>, the active site changes its shape, and hydrogen
                peroxide no longer fits.</p>
                <p>The optimum probably lies between 30 and 45 °C, but we cannot place it more
                exactly. The runs at 40 °C differed widely (standard deviation 3.9 mL), so the
                mean is not clearly higher than the one at 30 °C. Two minutes in the bath may
                have been too short for every tube to reach 40 °C. I would measure the
                temperature inside the tube before mixing, and add steps of 2 °C between 30 and
                46 °C with at least five runs each. A control with boiled extract would show
                how much peroxide decomposes without the enzyme.</p>
            """),
        ),
        DemoAnswer(
            student="student3",
            title="Catalase results",
            content=_flat("""
                <p>The results show that the temperature has a big effect on the experiment. When it
                got warmer there was more oxygen, and then it went down again. The best temperature
                is 40 degrees because it has the highest number.</p>
                <p>At 60 degrees there was almost nothing, because the enzyme was killed by the
                heat. Enzymes do not like it when it is too hot. At low temperatures they are
                slow.</p>
                <p>Our results are good, because they look like the graph in the textbook. There
                could be some human error, so next time we should work more carefully.</p>
            """),
        ),
    ),
)

RESTITUTION = DemoEntry(
    title="Short essay: should museums return the Benin Bronzes?",
    instructions=_flat("""
        <p>In 1897 British forces took Benin City and carried off several thousand works of brass,
        ivory and wood, which are now spread over museums in Europe and North America.
        <strong>Should the museums that hold these works return them?</strong> Argue your position
        in 200 to 260 words.</p>
        <ul>
        <li>State your thesis in the opening paragraph.</li>
        <li>Support it with evidence from the seminar readings: dates, institutions, decisions.</li>
        <li>Present the strongest argument against you, and answer it.</li>
        <li>End with a conclusion that says more than the introduction did.</li>
        </ul>
        <p>Any position can receive full marks. What counts is how well it is argued. You need not
        give footnotes in this exercise.</p>
    """),
    rubric=_rubric(
        _levels("Excellent", "Good", "Satisfactory", "Insufficient"),
        (
            "Thesis and line of argument",
            10,
            (
                """States a precise, debatable thesis at the start, names its conditions or limits,
                and lets every paragraph advance it with reasons up to the conclusion.""",
                """States a clear thesis on return or retention and mostly keeps to it; one step of
                the argument is asserted rather than supported by a reason.""",
                """A position on return can be recognised, but the thesis is vague or comes late,
                and reasons stand side by side without forming an argument.""",
                """Takes no position, changes it without noticing, or offers only feelings about
                museums and colonialism in place of an argument.""",
            ),
        ),
        (
            "Historical evidence",
            15,
            (
                """Uses several accurate, specific pieces of evidence, such as the expedition of
                1897, provenance, law or recent returns, and explains what each of them
                proves.""",
                """Uses at least two accurate pieces of evidence with a date, institution or
                decision, but leaves the reader to work out how one of them supports the
                claim.""",
                """Refers to colonial looting or to returns only in general terms, with a single
                specific example or with small mistakes in the historical facts.""",
                """Provides no historical evidence, or relies on statements that are invented,
                badly mistaken or without connection to Benin.""",
            ),
        ),
        (
            "Counterargument and response",
            10,
            (
                """Presents a strong counterargument fairly, such as the universal museum,
                conservation, law or disputed ownership, and answers it with reasons that meet its
                core.""",
                """Presents a relevant counterargument and responds to it, but the objection is
                made too easy or the response deals with only part of it.""",
                """Mentions that other people disagree or names an objection, but dismisses it in a
                sentence without giving a reason.""",
                """Ignores opposing views altogether, or ridicules the people who hold them instead
                of considering any counterargument.""",
            ),
        ),
        (
            "Structure and academic style",
            5,
            (
                """Introduction, body and conclusion are linked by clear transitions; the style is
                precise and formal, and the conclusion draws a consequence instead of
                repeating.""",
                """Paragraphs follow a sensible order in a mostly formal style; some transitions
                are missing, or the conclusion only repeats the introduction.""",
                """The order of ideas is hard to follow in places, paragraphs mix several points,
                or the style often becomes colloquial.""",
                """One unstructured block without introduction or conclusion, or a style so
                informal or faulty that the meaning is often unclear.""",
            ),
        ),
    ),
    answers=(
        DemoAnswer(
            student="student1",
            title="Ownership first, display second",
            content=_flat("""
                <p>Museums should transfer the ownership of works looted from Benin in 1897, even
                where an object then stays abroad on loan. The claim rests on how the works were
                acquired, not on who would display them best.</p>
                <p>Their provenance is unusually clear. After an attack on a British party, troops
                burned the palace, exiled the Oba and seized its treasures, many of which were sold
                to meet the costs of the expedition. No consent was given and no price paid to the
                owners. Where an acquisition rests on force alone, long possession does not mend
                it.</p>
                <p>Defenders of the <em>universal museum</em> reply that London or Berlin can show
                Benin's art beside that of other cultures to a world public. This is a real good,
                but it is an argument about access, and access does not require title. In 2022 the
                Horniman Museum transferred the ownership of 72 objects to Nigeria and kept some of
                them on loan. Visitors lost little, while the owners gained the right to decide.
                Nor does the British Museum Act of 1963 settle the matter: it explains why the
                trustees may not give works away, not why Parliament should continue to forbid
                it.</p>
                <p>A harder objection is that Nigerian institutions and the royal court have
                disagreed about who should hold the works. That may justify patience over the date
                of a transfer. It cannot justify a third party in keeping them. Restitution
                therefore begins, rather than ends, a conversation: the museum comes to it as a
                borrower.</p>
            """),
        ),
        DemoAnswer(
            student="student3",
            title="Why the Bronzes should go back",
            content=_flat("""
                <p>The Benin Bronzes are among the best-known works of African art. In this essay I
                will argue that they should be returned to Nigeria, because they were stolen.</p>
                <p>In 1897 the British attacked Benin City and took thousands of objects. Many of
                them were sold and came into museums in different countries. If somebody steals a
                bicycle and sells it, the buyer has to give it back, and for art it should be the
                same. The objects are also important for the identity of the people in Benin, who
                used them in the palace to remember their kings. Children there should be able to
                see their own history without travelling to Europe.</p>
                <p>Germany has understood this and signed an agreement with Nigeria in 2022. Other
                countries should follow this example.</p>
                <p>Some people say that the objects are safer in Europe because the museums there
                have more money for conservation. But this is not a good argument, since Nigeria
                has museums too.</p>
                <p>In conclusion, the Benin Bronzes were stolen and should be returned to Nigeria.
                It would be a sign of respect.</p>
            """),
        ),
        DemoAnswer(
            student="student4",
            title="My opinion on museums",
            content=_flat("""
                <p>Honestly this is a difficult question and everybody has their own opinion about
                it. I was in a big museum once on a school trip and it was really interesting, you
                could see things from all over the world in one afternoon, so it would be a pity if
                everything was gone. On the other hand it is sad for the countries where it comes
                from. Colonialism was a bad thing and a lot of stuff was taken. But it is such a
                long time ago and nobody who did it is alive any more. Maybe they could make copies,
                because most people would not see the difference anyway. In the end the politicians
                will have to decide.</p>
            """),
        ),
    ),
)

PEER_FEEDBACK = DemoEntry(
    title="Reflection: giving and receiving peer feedback",
    instructions=_flat("""
        <p>In week five you commented on the draft of another student and received comments on your
        own. Look back on this in 150 to 250 words:</p>
        <ul>
        <li>Which comment was hardest to give or to accept, and why?</li>
        <li>What did you change in your draft, and what did you decide not to change?</li>
        <li>What will you do differently next time?</li>
        </ul>
        <p>There is no right answer. Be <em>specific</em>, and do not name the other student.</p>
    """),
    rubric={},
    answers=(
        DemoAnswer(
            student="student2",
            title="The comment I did not want to read",
            content=_flat("""
                <p>The hardest comment on my draft was a short one: <em>I do not know what you think
                until the last paragraph.</em> My first reaction was annoyance, because I had built
                the essay up like a story and was proud of the ending. I put it away for a day. When
                I read it again I noticed that I had written the introduction before I had a
                position, and had never gone back to it.</p>
                <p>I moved my thesis to the second sentence and removed a paragraph on the history
                of museums that only postponed the argument. I did not follow the advice to drop my
                comparison with archives, since it carries my answer to the main objection. But I
                added a sentence that says why it is there, so the comment helped me even though I
                disagreed with it.</p>
                <p>Giving feedback was uncomfortable in another way. I wrote four friendly remarks
                on wording, and only one, at the very end, on the missing evidence, although that
                was the real problem. I think I wanted to be liked. Next time I will begin with the
                point that matters most, say where in the text I noticed it, and ask a question
                before I offer a solution.</p>
            """),
        ),
    ),
)

COMPONENTS: tuple[DemoComponent, ...] = (
    DemoComponent(
        name="Foundations of Biology: Evolution and Enzymes",
        instructions=_flat("""
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
        instructions=_flat("""
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
OVERRIDE_FEEDBACK = _flat("""
    <p>Your advice against antibiotics for a cold is sound, and you give the decisive reason
    yourself: the germs that cannot be killed <em>are left over and have all the room to
    themselves</em>. That is selection, and it contradicts your first paragraph, where the bacteria
    <em>got used to</em> the drug. Rewrite that paragraph with the idea of your second one, and
    say where the resistant germs come from (<strong>mutation</strong>).</p>
""")
