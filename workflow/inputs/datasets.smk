import re


def image_folders(wildcards):
    """Folders and archives of `data_root` that may hold a data set: what a result depends on is
    which of them are there, not where they lie on this machine."""
    wanted = wildcards.dataset.replace("_", "")
    root = Path(config["data_root"]).expanduser()
    names = os.listdir(root) if config["data_root"] and root.is_dir() else []
    return sorted(
        name
        for name in names
        if re.sub("[^a-z0-9]", "", name.lower()).startswith(wanted)
    )
