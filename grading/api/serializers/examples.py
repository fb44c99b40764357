"""One student, one submission, one outcome: the examples of the documentation."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

from components.api.serializers import ENTRY_ID

STUDENT_ID = "0b9b2f6e-6d7e-4c39-9e0b-6a4f6a3f9d11"
SUBMISSION_ID = "3d7c0a5e-9b1f-4c55-8a9c-2f6f1f0d4b21"
OUTCOME_ID = "7a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
ANSWER = {
    "submission_title": "How plants feed",
    "content": "<p>Plants make glucose from carbon dioxide and water.</p>",
}
SUBMISSION = {
    "submission_id": SUBMISSION_ID,
    "entry_id": ENTRY_ID,
    "student_user_id": STUDENT_ID,
    "student_name": "Mira Kovacs",
    **ANSWER,
    "attempt": 1,
    "submitted_at": "2026-09-03T10:15:00Z",
}
OUTCOME = {
    "outcome_id": OUTCOME_ID,
    "submission_id": SUBMISSION_ID,
    "outcome_data": {
        "feedback_text": "<p>The idea is right; give evidence for it.</p>",
        "score": 10.0,
        "llm_confidence": 90,
        "max_score": 15.0,
        "criteria": [
            {
                "index": 0,
                "text": "Argument",
                "level": 0,
                "level_text": "Excellent",
                "points": 10.0,
                "max_points": 10.0,
                "weight": 1.0,
                "reasoning": "Names what goes in and what comes out.",
                "evidence": [
                    {
                        "quote": "Plants make glucose from carbon dioxide and water.",
                        "start": 0,
                        "end": 50,
                    }
                ],
                "confidence": 90,
            },
            {
                "index": 1,
                "text": "Evidence",
                "level": 2,
                "level_text": "Poor",
                "points": 0.0,
                "max_points": 5.0,
                "weight": 1.0,
                "reasoning": "None is given.",
                "evidence": [],
                "confidence": 95,
            },
        ],
        "provenance": {
            "grader": "ai",
            "graded_by": None,
            "provider": "gemini",
            "model": "gemini-2.5-flash",
            "prompt_version": "1",
            "revision": 1,
        },
    },
    "is_llm_generated": True,
    "generated_at": "2026-09-03T10:15:20Z",
}
REVIEW = {"needs_review": False, "review_reasons": [], "released_at": "2026-09-03T10:15:20Z"}
STATE = {
    "state_id": "b7c7c1de-5b5d-5f0e-9d2f-0f4a1f7b9c10",
    "entry_id": ENTRY_ID,
    "student_user_id": STUDENT_ID,
    "status": "outcome_available",
    "created_at": "2026-09-03T10:15:00Z",
    "updated_at": "2026-09-03T10:15:20Z",
}


def example(name: str, value: Any) -> Any:
    """Decorates a serializer with one example of an answer."""
    return extend_schema_serializer(examples=[OpenApiExample(name, value=value)])
