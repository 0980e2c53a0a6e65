"""Figures of the spin-orbit torque: efficiencies and what follows from them, against thickness."""

import textwrap
from collections.abc import Mapping
from string import ascii_lowercase
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hall2net.errors import Hall2netError
from hall2net.figures.style import (
    COLOURS,
    DOUBLE,
    GREY,
    SINGLE,
    figure,
    grid_of,
    in_words,
    measured,
    merged_legend,
    new_figure,
    outer_labels,
    panel,
    points,
    published_points,
    sample_label,
    stamp,
)
from hall2net.physics.knee import MODELS
from hall2net.physics.switching_map import current_reductions
from hall2net.physics.torque import shift_against_field
from hall2net.tables import systematic_column, uncertainty_column, usable

_ASIDE = 0.04
"""Of the thickness axis: a control of the same thickness is drawn so far to the right, that its
marker hides no other."""

_CRITERIA = {
    "onset": "10 % of the swing",
    "half": "50 % of the swing",
    "fixed": "same percentage",
    "90": "90 % of the swing",
    "saturation": "95 % of the swing",
}
"""Criteria of a critical current in words, as they follow each other in a loop."""

Samples = Mapping[str, Mapping[str, Any]]
Published = Mapping[str, Any]


@figure(kinds=("loop_shift",), several="sample", highlight=True)
def torque_against_thickness(*, torque: pd.DataFrame, samples: Samples) -> Figure:
    """Damping-like efficiency per current density, and interfacial anisotropy energy, against
    spacer thickness.
    Error bars (1σ): thick statistical, thin total.
    """
    drawn, _ = _efficiency_anisotropy(torque, samples)
    return _finish(drawn, torque)


@figure(kinds=("loop_shift",))
def fig2b_torque_against_field(
    *, loops: pd.DataFrame, torque: pd.DataFrame, samples: Samples, convention: Mapping[str, Any]
) -> Figure:
    """Damping-like field per current against in-plane field. The knee is the DMI field; the part
    that keeps its sign when the field changes sign comes from the built-in field. Error bars are
    statistical; plateau and knee are given ± statistical ± systematic, 1 σ each.
    """
    shown = [name for name in samples if ((loops["sample"] == name) & _shifts(loops)).any()]
    if not shown:
        raise Hall2netError("no loop-shift measurement in loops.csv")
    facts = torque.set_index("sample")
    drawn, panels = grid_of(DOUBLE, len(shown), 3, 48, sharex=True, sharey=True)
    for axes, letter, sample in zip(panels, ascii_lowercase, shown, strict=False):
        table = shift_against_field(loops, sample, convention)
        points(axes, table["field_x_oe"], table, "h_dl_per_ma_oe", series=1, label="measured")
        row = facts.loc[sample] if sample in facts.index else None
        title = sample_label(samples, sample)
        if row is not None and np.isfinite([row["h_dl_per_ma_oe"], row["h_dmi_oe"]]).all():
            # What does not change sign with the field is the shift of the built-in field.
            built_in = table["h_dl_per_ma_oe"].mean()
            grid = np.linspace(table["field_x_oe"].min(), table["field_x_oe"].max(), 401)
            aligned = MODELS[row["knee_model"]](grid / row["h_dmi_oe"])
            axes.plot(
                grid,
                built_in + row["h_dl_per_ma_oe"] * aligned,
                color=COLOURS[3],
                zorder=1,
                label=r"plateau reached at $H_\mathrm{DMI}$ (dashed), about the built-in shift",
            )
            title += "\n" + r"$H_\mathrm{DMI}$ = "
            title += _with_errors(row, "h_dmi_oe", "Oe")
            title += "\n" + rf"plateau {_with_errors(row, 'h_dl_per_ma_oe', '')}"
            for sign in (-1, 1):
                axes.axvline(sign * row["h_dmi_oe"], color=GREY, ls="--", lw=0.7)
        elif row is not None and str(row["h_dl_is_lower_bound"]) == "True":
            title += "\n" + r"no plateau, $H_\mathrm{DL}$ is a lower bound"
        axes.axhline(0, color=GREY, lw=0.5)
        panel(axes, letter, title)
    outer_labels(panels, 3, "$H_x$ (Oe)", r"$H_\mathrm{DL}/I$ (Oe/mA)")
    merged_legend(drawn, 2)
    stamp(drawn, _convention_words(torque))
    return drawn


@figure(kinds=("loop_shift",), highlight=True)
def fig2c_efficiency_anisotropy(
    *, torque: pd.DataFrame, samples: Samples, published: Published
) -> Figure:
    """Damping-like efficiency per current density, and interfacial anisotropy energy, against
    spacer thickness, beside the published anisotropy of the MgO control. The paper prints no
    efficiency, only its ratio to the reference.
    Error bars (1σ): thick statistical, thin total.
    """
    drawn, (_, anisotropy) = _efficiency_anisotropy(torque, samples)
    if numbers := published.get("torque"):
        published_points(
            anisotropy, [0.5], [numbers["ks_isoc_mgo_erg_cm2"]], series=2, label="published, MgO"
        )
    return _finish(drawn, torque)


@figure(kinds=("loop_shift",))
def fig2d_transparency_conductivity(*, torque: pd.DataFrame, samples: Samples) -> Figure:
    """Interfacial spin transparency and spin Hall conductivity against thickness.
    Error bars (1σ): thick statistical, thin total.
    """
    drawn, _ = _two_panels(
        torque, samples, ("t_int", "sigma_sh"),
        (r"$T_\mathrm{int}$",
         r"$\sigma_\mathrm{SH}$ ($\mathrm{10^5}$ $(\hbar/2e)$ Ω$^\mathrm{-1}$ m$^\mathrm{-1}$)"),
        scales=(1, 1e-5),
    )  # fmt: skip
    return _finish(drawn, torque)


@figure(kinds=("loop_shift",))
def fig2e_resistivity_spin_hall_angle(
    *, torque: pd.DataFrame, samples: Samples, published: Published
) -> Figure:
    """Resistivity and spin Hall angle against thickness.
    Error bars (1σ): thick statistical, thin total.
    """
    drawn, (resistivity, angle) = _two_panels(
        torque, samples, ("rho_xx_uohm_cm", "theta_sh"),
        (r"$\rho_{xx}$ (µΩ cm)", r"$\theta_\mathrm{SH}$"),
    )  # fmt: skip
    if numbers := published.get("torque"):
        published_points(resistivity, [0.5], [numbers["rho_xx_uohm_cm"]])
        theta = numbers["theta_sh_t0p5"]
        published_points(
            angle, [0.5, 0.0], [theta, theta / numbers["theta_ratio_to_reference"]], label=None
        )
    return _finish(drawn, torque)


@figure(kinds=("loop_shift",))
def fig2f_critical_current(
    *, torque: pd.DataFrame, switching_map: pd.DataFrame, samples: Samples, reference: str
) -> Figure:
    """Critical current density against thickness, at the criterion of the study, and its reduction
    against the reference by every criterion. The paper prints the reduction alone, at one and the
    same percentage of the film. Error bars: 1 σ, statistical with caps, total without.
    """
    drawn = new_figure(SINGLE, 112)
    density, reduction = drawn.subplots(2, 1, sharex=True)
    _against_thickness(density, torque, samples, "j_c_a_m2", 1e-11)
    density.set_ylabel(r"$J_\mathrm{c}$ ($\mathrm{10^{11}}$ A m$^\mathrm{-2}$)")
    density.set_ylim(bottom=0)
    panel(density, "a")
    _draw_reductions(reduction, torque, switching_map, samples, reference)
    reduction.set_xlabel(_thickness(samples))
    reduction.set_ylabel(r"$J_\mathrm{c}$(reference) / $J_\mathrm{c}$")
    panel(reduction, "b", "by every criterion, side by side")
    merged_legend(drawn, 2)
    return drawn


def _draw_reductions(
    axes: Axes,
    torque: pd.DataFrame,
    switching_map: pd.DataFrame,
    samples: Samples,
    reference: str,
) -> None:
    """Reduction of the critical current against thickness, a series a criterion; no controls."""
    axes.axhline(1, color=GREY, lw=0.5)
    fields = torque["j_c_field_x_oe"].dropna() if "j_c_field_x_oe" in torque else pd.Series()
    if fields.empty:
        axes.text(0.5, 0.5, "not measured", ha="center", va="center", transform=axes.transAxes)
        return
    ratios = current_reductions(switching_map, reference, float(fields.iloc[0])).reset_index()
    spacer = ratios["sample"].map(lambda name: samples[name].get("spacer") or "none")
    series = ratios[spacer.isin([*_spacers(samples)[:1], "none"])]
    place = series["sample"].map(lambda name: float(samples[name]["thickness_nm"]))
    order = np.argsort(place.to_numpy(), kind="stable")
    step = _ASIDE / 3 * np.ptp(place) if len(place) else 0.0
    for number, (name, words) in enumerate(_CRITERIA.items()):
        aside = step * (number - (len(_CRITERIA) - 1) / 2)
        points(
            axes, place.iloc[order] + aside, series.iloc[order], name,
            series=number + len(COLOURS), label=words, size=3,
        )  # fmt: skip


@figure(kinds=("loop_shift",), highlight=True)
def fig3c_zero_field_shift(
    *, torque: pd.DataFrame, samples: Samples, published: Published
) -> Figure:
    """Loop shift and switching ratio without a field, against thickness.
    Error bars (1σ): thick statistical, thin total.
    """
    drawn, (shift, ratio) = _two_panels(
        torque, samples, ("zero_field_shift_per_ma_oe", "switching_ratio"),
        (r"Δ$H/I$ at $H_x$ = 0 (Oe/mA)", "field-free switching (%)"), scales=(1, 100),
    )  # fmt: skip
    if "field_free" in published:
        ratios = published["field_free"]["switching_ratio"]
        published_points(ratio, [0.5, 0.7], [100 * ratios["t0p5"], 100 * ratios["t0p7"]])
    shift.axhline(0, color=GREY, lw=0.5)
    return _finish(drawn, None)


def _with_errors(row: pd.Series, column: str, unit: str) -> str:
    """A value with its statistical and its systematic uncertainty."""
    systematic = row.get(systematic_column(column), np.nan)
    return measured(row[column], row[uncertainty_column(column)], unit, systematic=systematic)


def _shifts(loops: pd.DataFrame) -> pd.Series:
    return (loops["kind"] == "loop_shift") & (loops["status"] != "refused")


def _spacers(samples: Samples) -> list[str]:
    """Materials of the spacer, that of most samples first."""
    spacers = pd.Series([facts.get("spacer") or "none" for facts in samples.values()])
    counts = spacers[spacers != "none"].value_counts(sort=False)
    return counts.sort_values(ascending=False, kind="stable").index.tolist()


def _thickness(samples: Samples) -> str:
    """Label of the axis: the material is named where only one makes a series."""
    spacers = pd.Series([facts.get("spacer") for facts in samples.values()])
    series = [name for name in _spacers(samples) if (spacers == name).sum() > 1]
    return f"{in_words(series[0]) if len(series) == 1 else 'spacer'} thickness (nm)"


def _efficiency_anisotropy(
    torque: pd.DataFrame, samples: Samples
) -> tuple[Figure, tuple[Axes, Axes]]:
    return _two_panels(
        torque, samples, ("xi_dl_j", "k_s_erg_cm2"),
        (r"$\xi_\mathrm{DL}^{\,j}$", r"$K_\mathrm{s}^\mathrm{ISOC}$ (erg cm$^\mathrm{-2}$)"),
    )  # fmt: skip


def _two_panels(
    torque: pd.DataFrame,
    samples: Samples,
    columns: tuple[str, str],
    labels: tuple[str, str],
    scales: tuple[float, float] = (1, 1),
) -> tuple[Figure, tuple[Axes, Axes]]:
    drawn = new_figure(SINGLE, 105)
    panels = drawn.subplots(2, 1, sharex=True)
    for axes, letter, column, label, scale in zip(
        panels, "ab", columns, labels, scales, strict=True
    ):
        _against_thickness(axes, torque, samples, column, scale)
        axes.set_ylabel(label)
        panel(axes, letter)
    panels[1].set_xlabel(_thickness(samples))
    return drawn, (panels[0], panels[1])


def _against_thickness(
    axes: Axes, torque: pd.DataFrame, samples: Samples, column: str, scale: float
) -> None:
    """A column against spacer thickness, a series for each spacer.

    The samples without one begin the series with the most samples; a single sample of another
    spacer is a control.
    """
    if torque.empty:
        raise Hall2netError("no sample in torque.csv")
    rows = usable(torque)
    rows = rows[rows[column].notna()].sort_values("thickness_nm", kind="stable")
    if rows.empty:
        reasons = "; ".join(torque["reason"].fillna("").loc[lambda reason: reason != ""].unique())
        words = textwrap.fill(f"nothing to draw: {reasons or 'not measured'}", 40)
        axes.text(0.5, 0.5, words, ha="center", va="center", transform=axes.transAxes)
    spacer = rows["sample"].map(lambda name: samples[name].get("spacer") or "none")
    for number, name in enumerate(_spacers(samples) or ["none"], start=1):
        own = rows[(spacer == name) | ((spacer == "none") if number == 1 else False)]
        if own.empty:
            continue
        label = f"{in_words(name)} (0: no spacer)" if name != "none" else "no spacer"
        place = own["thickness_nm"]
        if number > 1 and len(own) == 1:
            label = f"{sample_label(samples, own['sample'].iloc[0])} control"
            if place.iloc[0] in set(rows.loc[spacer != name, "thickness_nm"]):
                place = place + _ASIDE * np.ptp(rows["thickness_nm"])
                label += " (drawn aside)"
        elif number > 1:
            label = in_words(name)
        points(axes, place, own, column, scale=scale, series=number,
               line="-" if len(own) > 1 else "none", label=label)  # fmt: skip


def _finish(drawn: Figure, torque: pd.DataFrame | None) -> Figure:
    merged_legend(drawn, 2)
    if torque is not None:
        stamp(drawn, _convention_words(torque))
    return drawn


def _convention_words(torque: pd.DataFrame) -> str:
    """The choices behind the numbers, as the table carries them."""
    knobs = torque.iloc[0]
    field = {"half": "ΔH/2", "literal": "ΔH"}[knobs["dh_to_field"]]
    wall = {"2/pi": "(2/π) ", "1": ""}[str(knobs["wall_factor"])]
    layer = knobs["current_layer"].replace("_", " ")
    return f"H_DL = {wall}{field}, j through the {layer}, T_SBF in {knobs['sbf_form']} form"
