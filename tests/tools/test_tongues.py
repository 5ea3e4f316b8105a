"""Tools are chosen by messages in six languages; the sentences stand as people write them."""

from pathlib import Path

import pytest

from samovar.companion.tools import FIRST
from samovar.core.offer import choose, understood
from samovar.core.tongues import english
from samovar.memory.remember import memory

ROOT = Path(__file__).parents[2]
WANTED = {
    "memory": (
        "remember that I like tea",
        "Merk dir bitte, dass ich Tee mag.",
        "Запомни, пожалуйста, что я люблю чай.",
        "Retiens que je préfère le thé.",
        "Recuerda que me gusta el té.",
        "请记住我喜欢喝茶。",
        "Was hatten wir zur Datenbank entschieden?",
        "Что мы решили про базу данных?",
        "Qu'avions-nous décidé pour la base ?",
        "¿Qué decidimos sobre la base de datos?",
        "我们关于数据库做了什么决定？",
        "Denk daran, dass der Schlüssel bei Anna liegt.",
        "Vergiss, was ich über Tee gesagt habe.",
        "Mach dir eine Notiz: Anna macht die Rechnungen.",
        "Не забудь, что сервер переезжает в мае.",
        "Сделай заметку: ключ у Анны.",
        "N'oublie pas que la clé est chez Anne.",
        "Garde en mémoire que je travaille le mardi.",
        "Ten en cuenta que trabajo los martes.",
        "Toma nota: la clave la tiene Ana.",
        "¿Te acuerdas de quién lleva las facturas?",
        "记一下：钥匙在安娜那里。",
        "你还记得谁负责账单吗？",
        "忘掉我说的关于茶的事。",
    ),
    "edit_symbol": (
        "rename the method get to fetch",
        "Benenne die Methode get in fetch um.",
        "Переименуй метод get в fetch.",
        "Renomme la méthode get en fetch.",
        "Renombra el método get a fetch.",
        "把方法 get 重命名为 fetch。",
        "Ersetze die Klasse Tree durch eine bessere.",
        "Замени функцию parse на новую.",
        "Remplace la fonction parse.",
        "Sustituye la función parse.",
        "替换函数parse。",
    ),
    "fetch": (
        "download the latest news page",
        "Lade die Seite mit den neuesten Nachrichten herunter.",
        "Скачай страницу с последними новостями.",
        "Télécharge la page des dernières actualités.",
        "Descarga la página de las últimas noticias.",
        "下载最新新闻的网页。",
        "Hol mir die Webseite https://example.org.",
        "Was steht auf der Seite von Debian?",
        "Открой сайт https://example.org и перескажи.",
        "Récupère le site https://example.org.",
        "¿Qué dice la página web de Debian?",
        "打开网站https://example.org看看。",
    ),
    "data_view": (
        "how many rows has the table sales.csv",
        "Wie viele Zeilen hat die Tabelle sales.csv?",
        "Сколько строк в таблице sales.csv?",
        "Combien de lignes a le tableau sales.csv ?",
        "¿Cuántas filas tiene la tabla sales.csv?",
        "表格sales.csv里有多少行？",
        "Zeig mir die Spalten von umsatz.csv.",
        "Покажи столбцы файла sales.csv.",
        "Affiche les colonnes de ventes.csv.",
        "Muéstrame las columnas de ventas.csv.",
        "显示sales.csv的列。",
    ),
    "edit_text": (
        "fix the wrong sum in cart.py",
        "Korrigiere die falsche Summe in cart.py.",
        "Исправь неверную сумму в cart.py.",
        "Corrige la somme fausse dans cart.py.",
        "Corrige la suma errónea en cart.py.",
        "修复cart.py里错误的合计。",
    ),
    "shell": (
        "run the tests",
        "Führe die Tests aus.",
        "Запусти тесты.",
        "Lance les tests.",
        "Ejecuta las pruebas.",
        "运行测试。",
        "Lass die Tests laufen.",
        "Прогони тесты, пожалуйста.",
        "Exécute la commande make.",
        "Corre los tests.",
        "请运行make命令。",
    ),
    "python": (
        "calculate the mean and plot it",
        "Berechne den Mittelwert und zeichne ein Diagramm.",
        "Вычисли среднее и нарисуй график.",
        "Calcule la moyenne et trace un graphique.",
        "Calcula la media y dibuja un gráfico.",
        "计算平均值并画图。",
        "Rechne aus, wie groß der Mittelwert ist.",
        "Построй график продаж.",
        "Dessine une courbe des ventes.",
        "Haz un gráfico de las ventas.",
        "画出销售的图表。",
    ),
    "write_file": (
        "create a file notes.md with a list of ideas",
        "Erstelle eine Datei notes.md mit Ideen.",
        "Создай файл notes.md с идеями.",
        "Crée un fichier notes.md avec des idées.",
        "Crea un archivo notes.md con ideas.",
        "创建一个文件notes.md，写上想法。",
    ),
    "ask": (
        "ask a teammate whether it is right",
        "Frag einen Kollegen, ob das stimmt.",
        "Спроси у коллеги, верно ли это.",
        "Demande à un collègue si c'est juste.",
        "Pregunta a un compañero si es correcto.",
        "问一下同事这样对不对。",
    ),
    "search": (
        "find where the tax is calculated",
        "Finde, wo die Steuer berechnet wird.",
        "Найди, где вычисляется налог.",
        "Cherche où la taxe est calculée.",
        "Busca dónde se calcula el impuesto.",
        "查找税是在哪里计算的。",
    ),
    "web_search": (
        "Such im Internet nach der neuesten Version von Litestar.",
        "Поищи в интернете последнюю версию Litestar.",
        "Cherche sur Internet la dernière version de Litestar.",
        "Busca en internet la última versión de Litestar.",
        "在网上搜索Litestar的最新版本。",
    ),
}


def rank(tool) -> int:
    return FIRST.index(tool.name) if tool.name in FIRST else len(FIRST)


@pytest.mark.parametrize("name", WANTED)
async def test_the_tool_a_message_asks_for_is_among_the_five(tools, name):
    everything = sorted([*tools.values(), memory(None)], key=rank)
    shown = {text: choose(everything, text, (), (), 5) for text in WANTED[name]}
    assert [text for text, names in shown.items() if name not in names or len(names) > 5] == []
    assert all(understood(text) for text in shown)


def test_english_is_not_taken_for_another_language():
    texts = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    found = {w for path in texts for line in path.read_text().splitlines() for w in english(line)}
    assert len(texts) > 20 and found == set()


def test_letters_with_marks_may_be_written_in_two_ways():
    assert english("a\u0308ndere das") == english("\u00e4ndere das") == {"change"}
