"""Names for made-up people: common Swedish given names and family names, joined by chance."""

from __future__ import annotations

from fhir_server.synthetic.chance import Fate
from fhir_server.synthetic.identities import FEMALE, MALE

GIVEN = {
    FEMALE: tuple(
        """Anna Eva Maria Karin Kristina Lena Kerstin Ingrid Marie Malin Sara Emma Elin Jenny Linda
        Birgitta Ulla Gunilla Margareta Inger Astrid Barbro Monica Helena Annika Johanna Sofia
        Ida Hanna Amanda Alice Maja Elsa Vera Alma Ebba Wilma Fatima Amina Leila Zahra Olena
        Siv Gun Berit Anita Aina Märta Elvira Sanna""".split()
    ),
    MALE: tuple(
        """Lars Anders Johan Per Karl Erik Nils Jan Bengt Sven Göran Hans Mikael Fredrik Daniel
        Peter Thomas Magnus Stefan Mats Ulf Leif Bo Lennart Åke Gustav Oskar Viktor Emil Axel
        Hugo Elias Liam Noah William Lucas Adam Ali Hassan Omar Yusuf Ahmed Dmytro Tor Arne
        Rolf Kjell Börje Olle Jonas""".split()
    ),
}
FAMILY = tuple(
    """Andersson Johansson Karlsson Nilsson Eriksson Larsson Olsson Persson Svensson Gustafsson
    Pettersson Jonsson Jansson Hansson Bengtsson Lindberg Jakobsson Magnusson Lindström Olofsson
    Lindqvist Lindgren Berg Axelsson Bergström Lundberg Lind Lundgren Mattsson Berglund Fredriksson
    Sandberg Henriksson Forsberg Sjöberg Wallin Engström Danielsson Håkansson Eklund Lundin
    Gunnarsson Holm Bergman Samuelsson Fransson Wikström Isaksson Hedlund Sundström Ali Hassan
    Mohamed Ahmed Hammar Nyman Ek Ström Dahl Norberg Åkesson Öberg""".split()
)
STREETS = (
    "Storgatan", "Kyrkvägen", "Skolgatan", "Björkvägen", "Granstigen", "Sjövägen", "Ängsgatan",
    "Stationsgatan", "Tallvägen", "Parkgatan", "Bygdevägen", "Rönnvägen", "Fjällvägen",
    "Kvarnvägen",
)  # fmt: skip


def name_of(fate: Fate, sex: str) -> tuple[str, str]:
    """Give a given name and a family name."""
    return fate.one_of(GIVEN[sex]), fate.one_of(FAMILY)
