"""Doing: joins the decisions with devices, disk and downloads. Knows no Home Assistant."""
