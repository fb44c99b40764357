"""What happens to an answer: submissions, grading runs, outcomes."""
