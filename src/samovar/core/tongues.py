"""What words of German, Russian, French, Spanish and Chinese say in English. Pure.

Only as much as it takes to choose tools by them: `core.offer` knows English words alone.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

STEMS: Mapping[str, str] = {
    "add": "hinzu füg ergänz добав ajout añad agreg 添加 增加 加上 加入",
    "ask": r"frag\b frage\b fragen\b спрос demandez? pregunt 询问 问一下 问问",
    "calculate": r"berechn rechne вычисл рассчит calcule[rz]?\b calcular?\b 计算",
    "change": r"änder umstell измен поменя modifiez?\b cambi[aeo] modificar?\b 修改 改成",
    "check": r"prüf überprüf провер vérif comprueb comprob verificar?\b 检查 验证",
    "class": r"klasse classe\b clase 类",
    "command": r"befehl kommando команд commandes?\b comando 命令",
    "count": r"zähl wie\s+viele? сколько посчита combien cu[aá]nt[oa]s 多少 几[个行条]",
    "create": r"erstell erzeug anleg созда crée[rz]?\b crear?\b cree\b 创建 新建 建立",
    "decide": r"entschied beschlo vereinbart реши договор décid decidi[dóm] 决定 约定",
    "download": r"herunterlad lade\b скача загруз télécharg descarg 下载",
    "explain": r"erklär warum объясн почему expliqu pourquoi explica por\s+qu[eé] 解释 为什么",
    "file": r"datei файл fichier archivo fichero 文件",
    "find": r"finde найд найти trouv encuentr 找到 找出 查找",
    "fix": r"beheb reparier korrigier исправ почин corrig répar arregl repar[ae]\b 修复 改正",
    "folder": r"ordner verzeichnis папк каталог dossier répertoire carpeta directorio 目录 文件夹",
    "forget": r"vergiss vergess забуд забыт oubli olvid 忘记 忘掉",
    "function": r"funktion функци fonction funci[oó]n 函数",
    "implement": r"implementier реализ implément implementar?\b 实现",
    "insert": r"einfüg встав insère insér insertar?\b 插入",
    "install": r"installier установи installe\b installez\b instalar?\b 安装",
    "internet": r"netz\b интернет 网上 互联网 上网",
    "latest": r"neueste neuest последн derni[eè]re?s?\b [uú]ltim[oa]s?\b 最新",
    "method": r"methode метод méthode método 方法",
    "news": r"nachricht новост actualit noticia 新闻",
    "note": r"notier notiz замет anota apunta toma\s+nota 笔记 备注 记一下",
    "page": r"seite страниц p[aá]ginas?\b 网页 页面",
    "plot": r"zeichn diagramm график нарису dessin graphique graphe\b gr[aá]fic dibuja 画图 图表",
    "question": r"вопрос pregunta 问题",
    "read": r"lies\s+(?:mir|d[aei]) прочит lire\b lisez leer\b lee\s+(?:el|l[ao]s?)\b 阅读 读取",
    "recall": r"erinner помни souvien rappell?e[rz]?\b recorda acu[eé]rda 记得",
    "remember": r"merk denk\s+da запомн retien en\s+m[eé]moire recuerd en\s+cuenta 记住 记下",
    "remove": r"entfern lösch удал убер supprim enl[eè]ve eliminar?\b borra quita 删除 移除 去掉",
    "rename": r"umbenenn benenn переимен renomm renombr 重命名 改名",
    "replace": r"ersetz замен remplac reemplaz sustitu 替换",
    "row": r"zeile spalte строк столб lignes?\b colonne filas?\b columnas?\b 行数 几行 列",
    "run": r"ausführ führe?\b starten?\b запус выполн прогон lance[rz]?\b exécut ejecut 运行 执行",
    "search": r"suche such\s+(?:im|nach|in|mir|den|die|das)\b поищ ищи cherch busc 搜索 搜一下",
    "show": r"zeig покаж montre[rz]?\b affich mu[eé]str mostr 显示 给我看 看看 列出",
    "site": r"webseite сайт sitio 网站",
    "table": r"tabelle таблиц tableau tabla 表格 数据表",
    "test": r"тест prueba 测试",
    "update": r"aktualisier обнов à\s+jour actualiza 更新",
    "web": r"webseite 网页",
    "what": r"qué\b какие какой quels? quelles? 什么 哪些",
    "write": r"schreib напиш запиши écri[strv] escrib 写",
}
"""English words, each with the begins of words that mean it (of Chinese: what stands anywhere)."""


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """Return what finds the words, each in a group of its English name: spaced ones, Chinese."""
    spaced, chinese = list[str](), list[str]()
    for word, stems in STEMS.items():
        kinds: tuple[list[str], list[str]] = ([], [])
        for stem in stems.split(" "):
            kinds[stem[-1] > "\u2e80"].append(stem)
        for rows, found in zip((spaced, chinese), kinds, strict=True):
            rows += [f"(?P<{word}>{'|'.join(found)})"] if found else []
    return re.compile(rf"\b(?:{'|'.join(spaced)})"), re.compile("|".join(chinese))


def english(text: str) -> frozenset[str]:
    """Return the English words for what a text says in one of the other languages."""
    plain = unicodedata.normalize("NFC", text).lower()
    found = (m.lastgroup for p in _patterns() for m in p.finditer(plain))
    return frozenset(word for word in found if word)
