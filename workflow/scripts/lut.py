from hall2net.files import write_csv
from hall2net.job import job
from hall2net.lut import lut_from_loop, lut_from_train
from hall2net.readers import open_dataset, select

if __name__ == "__main__":
    with job(snakemake.log[0]):
        make = {"train": lut_from_train, "loop": lut_from_loop}
        settings = dict(snakemake.params.settings)
        source, name = settings.pop("source"), settings.pop("measurement")
        dataset = open_dataset(snakemake.input.measurement)
        write_csv(make[source](select(dataset, name), **settings), snakemake.output[0])
