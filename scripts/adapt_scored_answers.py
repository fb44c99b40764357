"""Turns a file of human-graded answers into what `manage.py import_submissions` reads.

    python scripts/adapt_scored_answers.py answers.jsonl --prompt physics-q1 --out folder

Each line of the input is a JSON object with `prompt_id`, `answer_id`, `prompt`, `answer`, a
`rubric` of `{criteria: [{name, description, max_points, levels: [{name, description, points}]}]}`,
and `human_scores.criteria[name]` as `{grader: points}`. Written are `rubric.json` (for the API),
`prompt.txt`, and `answers.jsonl` (for the import).
"""

import argparse
import json
from pathlib import Path
from typing import Any


def rubric_definition(rubric: dict[str, Any]) -> dict[str, Any]:
    """The rubric in FlexAGE's shape: levels from best to worst, one set for all criteria."""
    criteria = rubric["criteria"]
    levels = [sorted(item["levels"], key=lambda level: -level["points"]) for item in criteria]
    return {
        "criteria": [
            {"text": item["description"] or item["name"], "marks": item["max_points"]}
            for item in criteria
        ],
        "performance_levels": [{"text": level["name"]} for level in levels[0]],
        "cell_descriptions": [[level["description"] for level in row] for row in levels],
        "cell_points": [[level["points"] for level in row] for row in levels],
    }


def answer_row(record: dict[str, Any]) -> dict[str, Any]:
    """One row of the import, with the points of each person per criterion."""
    names = [item["name"] for item in record["rubric"]["criteria"]]
    scores: dict[str, dict[str, float]] = {}
    for number, name in enumerate(names, start=1):
        for grader, points in record["human_scores"]["criteria"][name].items():
            scores.setdefault(grader, {})[str(number)] = points
    return {
        "student": record["answer_id"],
        "title": record["answer_id"],
        "content": record["answer"],
        "scores": scores,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--prompt", required=True, help="the prompt_id to take")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    options = parser.parse_args()
    records = [json.loads(line) for line in options.file.read_text().splitlines() if line.strip()]
    chosen = [record for record in records if record["prompt_id"] == options.prompt]
    if not chosen:
        known = ", ".join(sorted({record["prompt_id"] for record in records}))
        parser.error(f"no answers to {options.prompt!r}; the file has: {known}")
    options.out.mkdir(parents=True, exist_ok=True)
    rubric = json.dumps(rubric_definition(chosen[0]["rubric"]), ensure_ascii=False, indent=1)
    rows = (json.dumps(answer_row(record), ensure_ascii=False) for record in chosen)
    (options.out / "rubric.json").write_text(rubric + "\n")
    (options.out / "prompt.txt").write_text(chosen[0]["prompt"] + "\n")
    (options.out / "answers.jsonl").write_text("\n".join(rows) + "\n")
    print(f"{len(chosen)} answers in {options.out}")


if __name__ == "__main__":
    main()
