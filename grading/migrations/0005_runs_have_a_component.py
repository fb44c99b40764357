import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [('grading', '0004_fill_runs')]

    operations = [
        migrations.AlterField(
            model_name='gradingrun',
            name='component',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='components.component'),
        ),
        migrations.RemoveField(
            model_name='gradingrun',
            name='raw_reply',
        ),
    ]
