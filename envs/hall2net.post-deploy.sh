# Runs in the new environment, from the project's folder: the library itself.
pip install --no-deps --editable .
