"""From raw Hall-transport files to neural networks made of measured resistance states."""
