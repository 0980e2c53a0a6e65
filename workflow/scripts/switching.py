from hall2net.files import read_csv, write_csv
from hall2net.job import job
from hall2net.measurement import open_samples
from hall2net.physics.joule_heating import LIMIT_K, joule_heating_table, with_heating
from hall2net.physics.switching import switching_table
from hall2net.tables import outcome, with_left_out

if __name__ == "__main__":
    with job(snakemake.log[0]) as say:
        datasets = list(open_samples(snakemake.input.measurements).values())
        loops, samples = read_csv(snakemake.input.loops), snakemake.params.samples
        settings = {
            **snakemake.params.settings,
            "overrides": snakemake.params.overrides,
            "systematics": snakemake.params.systematics,
        }
        limit = settings.pop("heating_limit_k", LIMIT_K)
        table = switching_table(datasets, loops, samples, **settings)
        heating = joule_heating_table(datasets, table, loops, samples, limit_k=limit)
        table = with_left_out(with_heating(table, heating), snakemake.params.left_out)
        write_csv(heating, snakemake.output.heating)
        write_csv(table, snakemake.output.switching)
        say(f"{snakemake.wildcards.study}: {outcome(table, 'switching loops')}")
