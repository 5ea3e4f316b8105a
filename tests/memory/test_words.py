"""Notes are found by their own words in any script, with full text alone."""

import pytest

from samovar.memory.words import spaced, terms

NOTES = {
    "German": "Die Hauptstraße wird am Montag gesperrt.",
    "Turkish": "İzmir'deki ofisin ışık parası ödendi.",
    "French": "Le café du comité ferme à midi.",
    "Russian": "Ёлка стоит в зале.",
    "Chinese": "数据库的密码放在保险箱里。",
    "Japanese": "グループの会議は火曜日です。",
    "Thai": "การประชุมเริ่มวันอังคาร ชาเขียวอยู่ในครัว",
    "Korean": "데이터베이스를 새 서버로 옮겼다.",
    "Hindi": "बैठक मंगलवार को होगी।",
    "English": "The backup starts late.",
}


@pytest.mark.parametrize(
    ("language", "question"),
    [
        *(("German", q) for q in ("Hauptstraße", "HAUPTSTRASSE", "Was ist mit der Hauptstraße?")),
        *(("Turkish", q) for q in ("İzmir", "izmir", "IZMIR", "IŞIK", "ışık", "Odendi mi?")),
        *(("French", q) for q in ("cafe\u0301", "CAFÉ", "cafe", "comite")),
        *(("Russian", q) for q in ("ёлка", "ЕЛКА")),
        *(("Chinese", q) for q in ("数据库", "密码", "密码在哪里?", "箱")),
        *(("Japanese", q) for q in ("火曜日", "会議はいつ?", "ｸﾞﾙｰﾌﾟ")),
        *(("Thai", q) for q in ("วันอังคาร", "ประชุม", "ชา")),
        *(("Korean", q) for q in ("데이터베이스", "서버")),
        *(("Hindi", q) for q in ("मंगलवार", "बैठक?")),
        ("English", "BACKUPS"),
    ],
)
async def test_a_note_is_found_first_by_its_own_words(plain, language, question):
    for note in NOTES.values():
        await plain.store(note, "owner")
    found = [note.text for note in await plain.search(question)]
    assert found[:1] == [NOTES[language]]


@pytest.mark.parametrize("question", ["天气怎么样?", "お元気か", "อากาศเป็นอย่างไร", "날씨"])
async def test_what_shares_no_word_finds_nothing(plain, question):
    for note in NOTES.values():
        await plain.store(note, "owner")
    assert await plain.search(question) == []


async def test_a_tag_is_found_in_any_script(plain):
    await plain.store("Ann has it.", "owner", ["保险箱", "Schlüssel"])
    for question in ("保险", "SCHLUSSEL"):
        assert [note.text for note in await plain.search(question)] == ["Ann has it."]


def test_a_question_asks_for_words_and_for_signs_side_by_side():
    assert terms("Where is the Straße?") == ["strasse"]
    assert terms("the") == ["the"], "of common words alone, these"
    assert terms("API密钥在") == ["api", "密 钥", "钥 在"]
    assert terms("ชาเขียว") == ["ช า เ", "า เ ขี", "เ ขี ย", "ขี ย ว"]
    assert spaced("API密钥").split() == ["api", "密", "钥"]
    assert len(terms(" ".join(map(str, range(99))))) == 24
