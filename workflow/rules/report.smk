include: "../inputs/report.smk"


rule comparison:
    input:
        measurements=expand("raw/{study}/measurements.csv", study=config["studies"]),
        tables=[table for study in config["studies"] for table in study_tables(study)],
        runs=[path for study in config["studies"] for path in run_files(study, SCALE)],
        published="reference/published.yaml",
        printed="reference/cotb-confusion-matrices.csv",
    output:
        table=report(
            "results/comparison-{scale}.csv",
            category="0 Provenance",
            caption="../report/comparison.rst",
            labels={"page": "comparison with the papers, table"},
        ),
        confusion=report(
            "results/comparison_confusion-{scale}.csv",
            category="0 Provenance",
            caption="../report/confusion.rst",
            labels={"page": "printed confusion matrices, cell by cell"},
        ),
        summary="results/comparison_confusion_summary-{scale}.csv",
    log:
        "results/logs/comparison-{scale}.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        provenance={
            study: block["data_source"] for study, block in config["studies"].items()
        },
    message:
        "published numbers beside ours"
    script:
        "../scripts/comparison.py"


rule report:
    input:
        comparison="results/comparison-{scale}.csv",
        confusion="results/comparison_confusion_summary-{scale}.csv",
        tables=[table for study in config["studies"] for table in study_tables(study)],
        raw=expand("results/{study}/raw_verified.csv", study=config["studies"]),
        figures=[path for path in FIGURES if path.endswith(".png")],
        published="reference/published.yaml",
        claims="reference/claims.yaml",
        runs=[path for study in config["studies"] for path in run_files(study, SCALE)],
        page=library("report/report.html.j2", "report/report.css", "report/report.js"),
        # What the page links to.
        linked=[
            *[path for path in FIGURES if path.endswith(".pdf")],
            *[f"results/{study}/inspector.html" for study in config["studies"]],
            "results/provenance-{scale}.html",
        ],
    output:
        "results/report-{scale}.html",
    log:
        "results/logs/report-{scale}.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        studies=report_facts,
        sources=figure_sources,
    message:
        "the report"
    script:
        "../scripts/report.py"


rule inspector:
    input:
        measurements=measurements_of,
        tables=lambda wildcards: [
            path
            for path in study_tables(wildcards.study)
            if Path(path).stem
            in ("loops", "switching", "magnetometry", "retention", "endurance")
        ],
        page=library(
            "report/inspector.html.j2",
            "report/inspector.js",
            "report/vendor/uPlot.iife.min.js",
            "report/vendor/uPlot.min.css",
            "report/vendor/uPlot-LICENSE.txt",
        ),
    output:
        "results/{study}/inspector.html",
    log:
        "results/logs/{study}/inspector.log",
    conda:
        "../../envs/hall2net.yaml"
    params:
        data_source=study_config("data_source"),
        samples=samples_of,
        decisions=decisions_of,
    message:
        "{wildcards.study}: the loop inspector"
    script:
        "../scripts/inspector.py"


rule versions:
    # The only result that differs from run to run: all others have the same bytes again.
    input:
        requirements="envs/requirements.txt",
        benchmarks=expand("results/benchmarks/networks/{{scale}}/{run}.tsv", run=RUNS),
        raw=expand("results/{study}/raw_verified.csv", study=config["studies"]),
        template="workflow/report/versions.html.j2",
    output:
        versions="results/provenance-{scale}.json",
        page=report(
            "results/versions-{scale}.html",
            category="0 Provenance",
            caption="../report/versions.rst",
            labels={"page": "versions, training times, checksums"},
        ),
    log:
        "results/logs/versions-{scale}.log",
    conda:
        "../../envs/hall2net.yaml"
    message:
        "versions and times"
    script:
        "../scripts/versions.py"


rule provenance:
    # Snakemake's own report: rule graph, run times, and the parameters of every job.
    input:
        content=[
            *FIGURES,
            "results/comparison-{scale}.csv",
            "results/comparison_confusion-{scale}.csv",
            "results/versions-{scale}.html",
        ],
        captions="workflow/report/figure.rst",
    output:
        "results/provenance-{scale}.html",
    log:
        "results/logs/provenance-{scale}.log",
    conda:
        "../../envs/hall2net.yaml"
    message:
        "Snakemake's own report"
    script:
        "../scripts/provenance.py"


rule gallery:
    # Writes into docs/: a target of its own, which `all` does not ask for.
    input:
        figures=[path for path in FIGURES if path.endswith(".png")],
    output:
        images=[
            f"docs/images/{study}-{name}.png"
            for study, block in config["studies"].items()
            for name in block["figures"]
        ],
        page="docs/gallery.md",
    log:
        "results/logs/gallery.log",
    conda:
        "../../envs/hall2net.yaml"
    message:
        "the gallery in docs/"
    script:
        "../scripts/gallery.py"


rule record:
    # Writes into reference/: a target of its own, which `all` does not ask for.
    input:
        runs=[path for study in config["studies"] for path in run_files(study, SCALE)],
        provenance=f"results/provenance-{SCALE}.json",
        config="config.yaml",
    output:
        **{
            name.partition(".")[0]: f"reference/{SCALE}/{name}"
            for name in (
                "metrics.json",
                "history.csv",
                "confusion.csv",
                "weight_histogram.csv",
                "provenance.json",
                "config.yaml",
            )
        },
    log:
        "results/logs/record.log",
    conda:
        "../../envs/hall2net.yaml"
    message:
        "the record in reference/"
    script:
        "../scripts/record.py"
