"""Submissions, outcomes and webhooks over the API: for students and for configurators."""
