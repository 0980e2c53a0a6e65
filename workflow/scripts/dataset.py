from hall2net.job import job
from hall2net.networks.data import load_images, save

if __name__ == "__main__":
    with job(snakemake.log[0]):
        root = snakemake.config["data_root"]
        images = load_images(snakemake.wildcards.dataset, root, snakemake.wildcards.scale)
        save(images, snakemake.output[0])
