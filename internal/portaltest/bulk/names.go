package bulk

import "strings"

// Made-up people have the names of real ones: some with accents, hyphens,
// apostrophes, of one word or several.
const (
	someWomen = `Ada Aisha Alma Ana Anneliese Beatrix Birgit Carmen Chiara Chloé Dagny Dolores Edith Eleanor Elif Esther Fatima Françoise Frieda Gloria
		Grace Hana Hélène Hilda Ida Ingrid Irene Iris Jelena Jia Joan Josefína Judith Karin Keiko Laila Leonor Lucía Mabel Magda Mai Margit María Marjorie
		Mercedes Naomi Nia Noor Olga Opal Paz Pearl Petra Quinn Renée Rhoda Rosalía Ruth Siobhán Sofía Solveig Stella Tamar Thi Úrsula Vera Wanda Xiomara Yuki Zoë`
	someMen = `Abdul Albert André Antonín Arjun Arturo Basil Benedict Björn Boris Casimir César Chidi Clarence Cornelius Dao Dimitri Earl Edgar Eduardo Émile
		Enzo Félix Floyd François Gaspar George Günter Hakim Harold Hassan Hugo Igor Iñigo Isaac Ivan Jamal Jesús João Jürgen Kofi Lars Leopold Lionel Łukasz
		Malik Marcel Mateo Milan Moses Nikolai Noah Omar Øyvind Pascal Pedro Quentin Rafael Ramón Raúl Rolf Samuel Seán Stanislav Sven Tadeusz Theodore Tomás Uri Víctor Wei Xavier Yusuf Zdeněk`
	someFamilies = `Abara Achterberg Adler Agbaje Almeida Álvarez Andersen Bauer Beaumont Becker Benítez Bergström Bianchi Blackwood Böhm Boyd Brandt Brennan
		Calloway Castillo Čermák Chandra Chen Chowdhury Clarke Cohen Costa Crawford Cruz Dahl Delacroix Delgado Desai Díaz Donnelly Doyle Dubois Duval Eklund
		Ellison Engström Esposito Farrell Fernández Fischer Fitzgerald Fontaine Foster Frost Gallagher Gagnon García Gentile Goldstein Gómez Granger Grünwald
		Guzmán Haddad Hansen Harlow Hassan Hayes Herrera Hoang Holloway Horvat Hughes Ibáñez Ibrahim Iversen Jacobs Jain Jansen Jiménez Johansson Kaplan Kaur
		Keller Kelly Kim Kovač Kowalski Kraus Larsen Laurent Leclerc Lee Lemaire Levin Lindqvist López Lund Macías Malik Mancini Marsh Martínez McBride Medina
		Mendoza Meyer Molina Moreau Morgan Müller Nakamura Navarro Nguyen Nielsen Novák Núñez Nyström O'Brien O'Connor Okafor Olsen Ortega Osei Owens Park Patel
		Pérez Petrović Pham Popescu Quintero Rahman Ramírez Reyes Ricci Ríos Rojas Rossi Roy Ruiz Sánchez Santos Sato Schäfer Schmidt Schröder Shah Shapiro
		Silva Singh Soto Stein Sullivan Suzuki Szabó Tanaka Thibault Torres Tran Urbina Valdés Vargas Vega Wagner Walsh Weber Weiß Whitfield Wójcik Wong Yamamoto
		Yang Yılmaz Young Zając Zhang Zimmermann`
	someStreets = "Alder Birch Cedar Chestnut Church Elm Harbor High Hill Lake Linden Main Maple Market Mill North Oak Orchard Park Pine River School South Spring Union Walnut Water Willow"
	someTowns   = "Ashford|43004 Brookfield|43011 Clearwater|43017 Dunmore|43026 Eastgate|43035 Fairview|43040 Glenwood|43054 Hillsboro|43062 Kingsport|43074 Lakewood|43081"
	someOrgs    = "Cardiology Pediatrics Orthopedics Internal|Medicine Family|Practice Dermatology Neurology Oncology Urology Imaging Rehabilitation Surgery"
)

// names are the lists, cut up.
type names struct{ women, men, families, streets, towns, kinds []string }

func readNames() names {
	return names{women: strings.Fields(someWomen), men: strings.Fields(someMen), families: strings.Fields(someFamilies),
		streets: strings.Fields(someStreets), towns: strings.Fields(someTowns), kinds: strings.Fields(someOrgs)}
}

// family draws a last name: one in six is two.
func (n names) family(d *dice) string {
	name := pick(d, n.families)
	switch d.IntN(36) {
	case 0, 1, 2:
		return name + "-" + pick(d, n.families)
	case 3, 4:
		return name + " " + pick(d, n.families)
	case 5:
		return "de la " + name
	}
	return name
}

func (n names) given(d *dice, woman bool) string {
	if woman {
		return pick(d, n.women)
	}
	return pick(d, n.men)
}
