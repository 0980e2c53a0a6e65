"""Every figure, one function each, named after its target; tables in, a matplotlib Figure out.

A figure is declared where it is drawn: under `@figure`, with the kinds of measurement it needs.
Its arguments name its inputs:

| argument | what it is |
|---|---|
| `datasets` | sample to its Dataset of measurements |
| `measurement` | the Dataset that the look-up table comes from |
| `loops`, `torque`, `switching`, `retention`, `endurance` | the study's tables |
| `lut`, `merit`, `write_scatter`, `updates`, `advisor`, `hardware` | the same of the device |
| `harmonic`, `torque_methods` | the same of harmonic Hall voltages |
| `runs` | each run's `history`, `metrics`, `confusions` (by epoch) and `histogram` |
| `attribution`, `noise`, `states` | run to its table of the effect of devices |
| `samples`, `reference`, `convention` | blocks of the study's configuration |
| `published` | the study's block of `reference/published.yaml`; empty for a device of one's own |
| `printed` | the table `reference/cotb-confusion-matrices.csv` |

`provenance`, a sentence for the figure's lower edge, is taken by all.
"""
