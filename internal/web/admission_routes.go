package web

import (
	"net/http"

	"hsconnect/internal/access"
)

// routesAdmission are the rows of getting an account, of an office's own
// people, and of the organizations that the plan admits.
func (s *site) routesAdmission() []Route {
	return append(s.routesInvited(), append(s.routesPeople(), s.routesOrganizations()...)...)
}

func (s *site) routesInvited() []Route {
	public := func(method, pattern, audit, why string, handle func(*Call) error) Route {
		return Route{Method: method, Pattern: pattern, Gate: Public, Why: why, Audit: audit, Handle: handle}
	}
	const get, post = http.MethodGet, http.MethodPost
	const once = "the link in a mail proves who comes, and works once"
	return []Route{
		public(get, "/invite/{token}", "nothing", once, s.invitePage),
		public(post, "/invite/{token}", "admission event", once, s.acceptInvite),
		public(get, "/invite/accepted", "nothing", "says what comes next; holds nothing", s.inviteDone),
		public(get, "/register", "nothing", "who has no account may ask for one", s.registerPage),
		public(post, "/register", "admission event", "who has no account may ask for one", s.registerPerson),
		public(get, "/register/sent", "nothing", "says what comes next; holds nothing", s.registerSent),
		public(get, "/register/confirmed", "nothing", "says what comes next; holds nothing", s.registerDone),
		public(get, "/register/{token}", "nothing", once, s.registeredPage),
		public(post, "/register/{token}", "admission event", once, s.confirmRegistration),
	}
}

func (s *site) routesPeople() []Route {
	own := func(method, pattern, audit string, handle func(*Call) error) Route {
		return Route{Method: method, Pattern: pattern, Gate: Accepted, Side: access.Office, Permission: access.ManageOffice,
			Why: "an office's people; it holds no member information", Audit: audit, Handle: handle}
	}
	anybody := func(method, pattern, audit string, handle func(*Call) error) Route {
		return Route{Method: method, Pattern: pattern, Gate: Accepted, Side: access.Office,
			Why: "everybody may know who controls the own access, and ask for somebody who does", Audit: audit, Handle: handle}
	}
	const get, post, event = http.MethodGet, http.MethodPost, "admission event"
	return []Route{
		own(get, "/office", "nothing", s.officePage),
		own(get, "/office/people/{person}", "nothing", s.personPage),
		own(post, "/office/people/{person}", event, s.changePerson),
		own(post, "/office/people/{person}/end", event, s.endPerson),
		own(post, "/office/people/{person}/reopen", event, s.reopenPerson),
		own(get, "/office/invite", "nothing", s.officeInvitePage),
		own(post, "/office/invite", event, s.officeInvite),
		own(post, "/office/invitations/{invitation}/resend", event, s.resendInvitation),
		own(post, "/office/invitations/{invitation}/withdraw", event, s.withdrawInvitation),
		own(get, "/office/registrations/{registration}", "nothing", s.registrationPage),
		own(post, "/office/registrations/{registration}", event, s.approveRegistration),
		own(post, "/office/registrations/{registration}/refuse", event, s.refuseRegistration),
		own(get, "/office/review", "nothing", s.reviewPeoplePage),
		own(post, "/office/review", event, s.reviewPeople),
		own(get, "/office/handover", "nothing", s.handOverPage),
		own(post, "/office/handover", event, s.handOver),
		anybody(get, "/office/administrators", "nothing", s.administratorsPage),
		anybody(post, "/office/administrators", event, s.askForAdministrator),
	}
}

func (s *site) routesOrganizations() []Route {
	staff := func(method, pattern, audit string, handle func(*Call) error) Route {
		return Route{Method: method, Pattern: pattern, Gate: Accepted, Side: access.Plan, Permission: access.ManageOrganizations,
			Why: "organizations and their people; it holds no member information", Audit: audit, Handle: handle}
	}
	const get, post, event = http.MethodGet, http.MethodPost, "admission event"
	const one = "/plan/organizations/{org}"
	return []Route{
		staff(get, "/plan/organizations", "nothing", s.organizationsPage),
		staff(get, one, "nothing", s.organizationPage),
		staff(post, one+"/invite", event, s.inviteAdministrator),
		staff(post, one+"/suspend", event, s.suspendOrganization),
		staff(post, one+"/reopen", event, s.reopenOrganization),
		staff(post, one+"/leaving", event, s.leaveOrganization),
		staff(get, one+"/people/{person}", "nothing", s.staffPersonPage),
		staff(post, one+"/people/{person}/end", event, s.endStaff),
		staff(post, one+"/people/{person}/reopen", event, s.reopenStaff),
		staff(post, one+"/invitations/{invitation}/resend", event, s.resendInvitation),
		staff(post, one+"/invitations/{invitation}/withdraw", event, s.withdrawInvitation),
		staff(post, "/plan/calls/{call}/settle", event, s.settleCall),
	}
}
