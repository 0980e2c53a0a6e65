"""Heat conduction of the substrates that films lie on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Substrate:
    """A solid that takes up heat, by its values at 300 K."""

    conductivity: float
    """In W/(m K)."""
    heat_capacity: float
    """Of a volume, in J/(m3 K)."""

    @property
    def diffusivity(self) -> float:
        """In m2/s."""
        return self.conductivity / self.heat_capacity


SUBSTRATES = {
    "Si": Substrate(148.0, 1.66e6),
    "GaAs": Substrate(46.0, 1.74e6),
    "MgO": Substrate(55.0, 3.31e6),
    "Al2O3": Substrate(35.0, 3.04e6),
    "SrTiO3": Substrate(11.0, 2.77e6),
    "SiO2": Substrate(1.4, 1.63e6),
}
"""Of crystals and of fused silica (SiO2): CRC Handbook of Chemistry and Physics, 97th edition,
section 12; SrTiO3: Yu, Scullin, Huijben, Ramesh, Majumdar, Appl. Phys. Lett. 92, 191911 (2008)."""

OXIDE = SUBSTRATES["SiO2"]
"""The insulating layer between film and substrate is taken for fused silica."""
