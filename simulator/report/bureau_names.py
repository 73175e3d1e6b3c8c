"""English names of the bureaus that the plans name, for pages in English.

The plans are Chinese and so are these names in them. The English is the usual rendering, not an official one, and
leaves out the city, which every page names. A bureau that is not listed here keeps the plan's own name.
"""

from __future__ import annotations

ENGLISH = {
    # both cities
    "市发展改革委": "Development and Reform Commission",
    "市财政局": "Finance Bureau",
    "市教育局": "Education Bureau",
    "市国税局": "State Taxation Bureau",
    "市地税局": "Local Taxation Bureau",
    "市农委": "Agriculture Commission",
    "市物价局": "Price Bureau",
    # Qingdao
    "市科技局": "Science and Technology Bureau",
    "市经济信息化委": "Economy and Informatization Commission",
    "市人力资源社会保障局": "Human Resources and Social Security Bureau",
    "市商务局": "Commerce Bureau",
    "市工商局": "Administration for Industry and Commerce",
    "市质监局": "Quality and Technical Supervision Bureau",
    "市文广新局": "Bureau of Culture, Radio, Television, Press and Publication",
    "市统计局": "Statistics Bureau",
    "市规划局": "Urban Planning Bureau",
    "市国土资源房管局": "Land Resources and Housing Bureau",
    "市海洋与渔业局": "Ocean and Fisheries Bureau",
    "市政府国资委": "State-owned Assets Supervision and Administration Commission",
    "市政府外办": "Foreign Affairs Office",
    "市金融工作办": "Financial Work Office",
    "市政务服务管理办": "Government Services Office",
    "市住房公积金管理中心": "Housing Provident Fund Centre",
    "市编委办": "Office of the Commission for Public Sector Reform",
    "市委组织部": "Organisation Department of the Party Committee",
    "市委宣传部": "Publicity Department of the Party Committee",
    "市委改革办": "Reform Office of the Party Committee",
    "市中级法院": "Intermediate People's Court",
    "市总工会": "Federation of Trade Unions",
    "团市委": "Communist Youth League Committee",
    "市妇联": "Women's Federation",
    "市科协": "Association for Science and Technology",
    "人民银行青岛市中心支行": "People's Bank of China, Qingdao Central Sub-branch",
    "青岛银监局": "Qingdao Banking Regulatory Bureau",
    "青岛证监局": "Qingdao Securities Regulatory Bureau",
    "青岛保监局": "Qingdao Insurance Regulatory Bureau",
    "青岛海关": "Qingdao Customs",
    "青岛出入境检验检疫局": "Qingdao Entry-Exit Inspection and Quarantine Bureau",
    "青岛前湾保税港区管委": "Qianwan Bonded Port Area Administration",
    "功能区管委": "Administrations of the functional zones",
    "各区市政府": "Governments of districts and county-level cities",
    # Benxi
    "市科技产权局": "Science, Technology and IP Bureau",
    "市经济和信息化委": "Economy and Informatization Commission",
    "市人社局": "Human Resources and Social Security Bureau",
    "市外经贸局": "Foreign Trade and Economic Cooperation Bureau",
    "市经合办": "Economic Cooperation Office",
    "市政府金融办": "Finance Office of the Government",
    "市卫生局": "Health Bureau",
    "市食品药品监管局": "Food and Drug Administration",
    "市旅游发展委": "Tourism Development Commission",
    "市服务业委": "Service Industry Commission",
    "市智慧办": "Smart City Office",
    "市交通局": "Transport Bureau",
    "本溪高新区管委会": "Benxi High-tech Zone Administration",
    "各县（区）政府": "Governments of counties and districts",
}


def bureau_name(name: str, language: str) -> str:
    """Return what a page calls a bureau, of which ``name`` is the plan's own name."""
    return name if language == "zh" else ENGLISH.get(name, name)


def bureau_in_full(name: str, language: str) -> str:
    """Return what a page calls a bureau with the plan's own name behind it, where that is another."""
    shown = bureau_name(name, language)
    return shown if shown == name else f"{shown} ({name})"
