"""The biology unit's entries. Weak answers hold the mistakes that students make."""

from flexage.demo.content.shapes import DemoAnswer, DemoEntry, flat, levels, rubric

RESISTANCE = DemoEntry(
    title="Explain how antibiotic resistance evolves",
    instructions=flat("""
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
    rubric=rubric(
        levels("Excellent", "Good", "Developing", "Limited"),
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
            content=flat("""
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
            content=flat("""
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
            content=flat("""
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
            content=flat("""
                <p>Penicillin was discovered by Alexander Fleming in 1928, when he saw that a mould
                had stopped bacteria from growing in a dish. Since then antibiotics have saved many
                lives. Some people are allergic to them.</p>
            """),
        ),
    ),
)

CATALASE = DemoEntry(
    title="Discuss the results of the catalase experiment",
    instructions=flat("""
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
    rubric=rubric(
        levels("Secure", "Partial", "Not yet shown", points=(4, 2, 0)),
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
            content=flat("""
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
            content=flat("""
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
