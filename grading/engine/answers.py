"""Answers are data."""
import re
WORD = re.compile(r"\w+")
def words_of(text: str) -> list[str]:
    return WORD.findall(text.casefold())
def graded_text(answer: str) -> str:
    return answer
def addresses_grader(answer: str) -> list[str]:
    return []
