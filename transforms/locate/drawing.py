"""A cut as a picture: plain SVG without scripts, fonts or addresses of other machines."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely

from transforms.locate.topology import Finding

_WIDTH = 1_000  # pixels
_MARGIN = 10
_STROKES = {"large": ("#222", 2.0), "medium": ("#555", 1.2), "small": ("#999", 0.6), "micro": ("#bbb", 0.3)}
_FAULTS = {"overlap": "#d62728", "gap": "#ff7f0e", "outside_parent": "#9467bd"}


def draw(grids: Iterable[tuple[str, str, bytes]], findings: Iterable[Finding]) -> str:
    """The grids as lines and the faults as filled areas.

    Args:
        grids: (level, type, polygon as WKB in degrees), in any order: coarse levels are drawn last.
        findings: those with a shape are drawn.

    Returns:
        The text of an SVG file; an empty picture where there is nothing to draw.
    """
    told = [(level, kind, shapely.from_wkb(polygon)) for level, kind, polygon in grids]
    drawable = sorted((g for g in told if not g[2].is_empty), key=lambda g: (list(_STROKES).index(g[0]) * -1, g[2].wkt))
    if not drawable:
        return _page(_WIDTH, _MARGIN, [])
    west, south, east, north = shapely.total_bounds([shape for _, _, shape in drawable])
    narrow = float(np.cos(np.deg2rad((south + north) / 2)))
    scale = (_WIDTH - 2 * _MARGIN) / max(1e-9, (east - west) * narrow)

    def path(shape: shapely.Geometry) -> str:
        rings = [ring for part in shapely.get_parts(shape) if part.geom_type == "Polygon"
                 for ring in (part.exterior, *part.interiors)]  # fmt: skip
        return "".join(
            "M"
            + "L".join(
                f"{_MARGIN + (x - west) * narrow * scale:.1f} {_MARGIN + (north - y) * scale:.1f}"
                for x, y in ring.coords
            )
            + "Z"
            for ring in rings
        )

    lines = [_outline(path(shape), level, kind) for level, kind, shape in drawable]
    for fault in findings:
        if fault.shape is not None and fault.rule in _FAULTS:
            title = f"<title>{fault.rule} {fault.code} {fault.other or ''} {fault.area_m2} m2</title>"
            lines.append(f'<path d="{path(shapely.from_wkb(fault.shape))}" fill="{_FAULTS[fault.rule]}">{title}</path>')
    return _page(_WIDTH, (north - south) * scale + 2 * _MARGIN, lines)


def _outline(path: str, level: str, kind: str) -> str:
    colour, width = _STROKES[level]
    fill = "#1f77b433" if kind == "exclusive" else "none"
    return f'<path d="{path}" fill="{fill}" stroke="{colour}" stroke-width="{width}"/>'


def _page(width: float, height: float, lines: list[str]) -> str:
    key = " ".join(f'<tspan fill="{colour}">{rule}</tspan>' for rule, colour in _FAULTS.items())
    text = f'<text x="{_MARGIN}" y="{height + 16:.0f}" font-size="14">{key}</text>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height + 24:.0f}">'
    return "\n".join([head, *lines, text, "</svg>", ""])
