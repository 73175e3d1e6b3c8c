"""Units in Chinese that no page has a word of its own for, put together from their parts."""

from __future__ import annotations

import re

# What is counted, as it follows a number (``3 家``), and what it is counted of, as it follows a stroke (``元/企业``).
_COUNTED = {
    "bases": "个", "centres": "家", "deals": "笔", "fairs": "场", "filings": "件", "firms": "家", "funds": "支",
    "innovations": "项", "institutes": "家", "months": "个月", "offices": "家", "operators": "家",
    "organisations": "家", "parks": "个", "persons": "人", "platforms": "个", "projects": "项", "results": "项",
    "seats": "个", "spaces": "家", "streets": "条", "ties": "条联系", "universities": "所", "workstations": "家",
    "CNY": "元", "m2": "平方米", "km": "公里", "log points": "个对数点", "standard deviations": "个标准差",
    "factor": "倍", "t": "吨",
}  # fmt: skip
_OF = {
    "CNY": "元", "1000 residents": "千居民", "application": "件申请", "base": "基地", "centre": "中心",
    "certification": "次认定",
    "county": "县", "deal": "笔交易", "district": "区", "fair": "场", "firm": "企业", "fund": "支基金",
    "graduate": "毕业生", "innovation": "项创新", "institute": "院所", "institution": "机构", "log point": "对数点",
    "maker": "创客", "mentor": "导师", "month": "月", "office": "办事机构", "operator": "运营机构",
    "organisation": "机构", "park": "园区", "patent": "件专利", "person": "人", "person^0.5": "人^0.5",
    "platform": "平台", "project": "项目", "researcher": "研究人员", "result": "项成果", "seat": "工位",
    "seller": "出让方", "space": "空间", "standard deviation": "标准差", "street": "条街", "team": "团队",
    "m2": "平方米", "t": "吨", "tenant": "在孵企业", "transfer": "项转让", "voucher": "张券",
    "workstation": "工作站", "year": "年",
    "zone": "片区", "(t / year)": "（吨/年）",
}  # fmt: skip
_PURE = {"", "-", "1", "elasticity", "correlation"}  # what is told by what it is of


def in_chinese(unit: str) -> str:
    """Return a unit in Chinese (``家/企业/年``, ``每月``); as it is where a part of it is not known."""
    if unit in _PURE:
        return ""
    first, *of = re.split(r" / (?![^(]*\))", unit)
    below = [_OF.get(part) for part in of]
    above = "" if first == "1" else _COUNTED.get(first)
    if above is None or not all(below):
        return unit
    whole = "/".join(str(part) for part in below)
    return f"每{whole}" if first == "1" else "/".join([above, *([whole] if whole else [])])
