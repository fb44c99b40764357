from django.db import migrations


def fill_new_columns(apps, schema_editor):
    """Runs from before: their component, and what was replied as the one call in their log."""
    GradingRun = apps.get_model('grading', 'GradingRun')
    runs = GradingRun.objects.select_related('submission__entry')
    for run in runs.iterator(chunk_size=500):
        run.component_id = run.submission.entry.component_id
        run.calls = run.attempts
        if run.raw_reply:
            run.log = [{
                'at': (run.finished_at or run.created_at).isoformat(), 'opinion': 0,
                'provider': run.provider, 'model': run.model, 'latency_ms': run.latency_ms,
                'input_tokens': run.input_tokens, 'output_tokens': run.output_tokens,
                'error_code': run.error_code, 'error_message': run.error_message,
                'raw_reply': run.raw_reply,
            }]
        run.save(update_fields=['component', 'calls', 'log'])


class Migration(migrations.Migration):
    # On its own: PostgreSQL changes no table that has rows with unchecked keys in this transaction.

    dependencies = [('grading', '0003_grading_engine')]

    operations = [migrations.RunPython(fill_new_columns, migrations.RunPython.noop, elidable=True)]
