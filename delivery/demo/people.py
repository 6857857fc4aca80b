"""The people of the demo: all of them invented, with names as different as names are."""

from typing import Final

NAMES: Final = (
    "Amara Okonkwo",
    "Jonas Lindqvist",
    "Zoë van den Berg",
    "Mateo Fernández Ruiz",
    "نور الهدى بن علي",
    "Priya Raghunathan",
    "Léa Dubois-Charpentier",
    "Oleksandr Kovalenko",
    "Maximiliane Freifrau von Hohenstein-Waldburg",
    "Siobhán Ní Bhriain",
    "תמר בן־דוד",
    "Đặng Thị Minh Châu",
    "Ingrid Sæther",
    "Kwabena Asante-Boateng",
    "Yuki Tanaka",
    "Çağla Şimşek",
    "Thor Ø",
    "Wilhelmina Anneliese Konstantinopoulou-Papadimitriou",
    "Łukasz Wójcik",
    "سارة الحسن",
    "Ana-Maria Ștefănescu",
    "Kahurangi Te Awa",
    "Björk Þórsdóttir",
    "Mohammed ibn Yusuf al-Rashid",
    "Nguyễn Văn An",
    "Rosa María del Carmen Gutiérrez y Villanueva",
    "Li Siyuan",
    "Élodie N’Guessan",
    "Dmitri Sokolov",
    "Fionn O’Sullivan",
    "Rohan Sharma",
    "Beatriz Guimarães",
    "Tomáš Dvořák",
    "Aylin Öztürk",
    "Χαρά Νικολάου",
    "Samuel Adeyemi",
    "Jürgen Groß",
    "Freya Mac an Ghoill",
    "Hye-jin Park",
    "Giulia D’Annunzio",
    "Ravindra Jayawardena-Wickramasinghe",
    "Noémie Lefèvre",
    "Tariq Mahmood",
    "Emilia Järvinen",
    "مریم رضایی",
    "Caleb Whitehorse",
    "Ximena Quispe Mamani",
    "Vilém Růžička",
    "Chiamaka Nwosu",
    "Aleksandra Zielińska",
    "Luca Bianchi",
    "Sunniva Ødegård",
    "Bùi Quốc Huy",
    "Hanna Müller-Lüdenscheidt",
    "Isabela Gonçalves",
    "Olivia Mbeki",
    "Ignacio Peña",
    "Katarzyna Brzęczyszczykiewicz",
    "Malik Johnson",
    "Solveig Ångström",
)
ROOMS: Final = ("Hall A", "Hall B", "Room 204", "Library")
SEED: Final = "2026-11"


def number(index: int) -> str:
    """The candidate number of the nth name, from 0."""
    return f"{SEED}-{index + 1:03d}"


def room(index: int) -> str:
    return ROOMS[index % len(ROOMS)]
