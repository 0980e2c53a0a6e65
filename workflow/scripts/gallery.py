from hall2net.job import job
from hall2net.report.gallery import gallery_page, reduce_image

if __name__ == "__main__":
    with job(snakemake.log[0]):
        for source, target in zip(snakemake.input.figures, snakemake.output.images, strict=True):
            reduce_image(source, target)
        gallery_page(snakemake.output.images, snakemake.output.page)
