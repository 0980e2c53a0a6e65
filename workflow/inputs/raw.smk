def raw_files(study, samples=None):
    """Paths of the instrument files of a study, or of a part of its samples."""
    cells = sheet_of(study, samples)["file"]
    names = (name.strip() for cell in cells for name in cell.split(";"))
    return sorted({f"raw/{study}/{name}" for name in names})


def sheet_rows(study, samples):
    """Rows of measurements.csv as plain values, columns without entries left out."""
    rows = sheet_of(study, samples).dropna(axis="columns", how="all")
    return rows.astype(object).where(rows.notna(), None).to_dict("list")
