from hall2net.figures import sweeps
from hall2net.figures.style import save
from hall2net.files import read_json, write_csv
from hall2net.job import job
from hall2net.networks.sweeps import over_seeds, sweep_table

if __name__ == "__main__":
    with job(snakemake.log[0]):
        points = [read_json(path) for path in snakemake.input.points]
        table = sweep_table(row for rows in points for row in rows)
        means = over_seeds(table)
        write_csv(table, snakemake.output.table)
        write_csv(means, snakemake.output.means)
        provenance = [f"{snakemake.params.scale} scale"]
        provenance += ["stand-in data"] if table["stand_in"].any() else []
        figure = sweeps.sweep(means=means, x=snakemake.params.x, provenance=", ".join(provenance))
        save(figure, snakemake.output.png, snakemake.output.pdf)
