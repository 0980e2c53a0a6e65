"""Every figure, one function each, named after its target; tables in, a matplotlib Figure out.

The functions of one family take the same keyword arguments; each uses those that its signature
names. `provenance`, a sentence for the figure's lower edge, is taken by all.

| family | keyword arguments |
|---|---|
| loops | `datasets` (sample to Dataset), `loops`, `samples`, `published` |
| torque | `loops`, `torque`, `samples`, `reference`, `convention`, `published` |
| switching | `datasets`, `switching`, `samples`, `published` |
| states | `measurement` (the Dataset that the look-up table comes from), `lut`, `published` |
| networks | `runs`, `published`, `printed` |
| variation | `attribution`, `noise`, `states` (each: run to its table) |

`runs` takes each run to its `history`, `metrics`, `confusions` (by epoch) and `histogram`,
`published` is the study's block of `reference/published.yaml` (empty for a device of one's own),
`printed` the table `reference/cotb-confusion-matrices.csv`.
"""
