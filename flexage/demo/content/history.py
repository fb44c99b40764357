"""The history unit's entries. Weak answers hold the mistakes that students make."""

from flexage.demo.content.shapes import DemoAnswer, DemoEntry, flat, levels, rubric

RESTITUTION = DemoEntry(
    title="Short essay: should museums return the Benin Bronzes?",
    instructions=flat("""
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
    rubric=rubric(
        levels("Excellent", "Good", "Satisfactory", "Insufficient"),
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
            content=flat("""
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
            content=flat("""
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
            content=flat("""
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
    instructions=flat("""
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
            content=flat("""
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
