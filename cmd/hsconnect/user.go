package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"text/tabwriter"

	"hsconnect/internal/access"
	"hsconnect/internal/account"
	"hsconnect/internal/app"
	"hsconnect/internal/civil"
)

type userCmd struct {
	Add  userAddCmd  `cmd:"" help:"Make somebody who can sign in. Example: hsconnect user add --role \"plan administrator\" --name \"First Last\" --email ADDRESS USERNAME"`
	List userListCmd `cmd:"" help:"List who can sign in."`

	Rescue userRescueCmd `cmd:"" help:"Let somebody in again who has lost everything: the last administrator, say. Example: hsconnect user rescue --reason \"lost phone, recognized in person\" USERNAME"`
}

type userAddCmd struct {
	place
	Username     string `arg:"" help:"3 to 64 letters, digits, dots, hyphens, underscores; never used before."`
	Name         string `required:"" help:"First and last name."`
	Email        string `required:"" help:"E-mail address. Nothing about a member is ever sent to it."`
	Role         string `required:"" help:"A role at the plan, such as \"plan administrator\", \"nurse reviewer\"."`
	Organization string `placeholder:"NPI" help:"For a role at an office or facility: its NPI, as imported."`
	PasswordFile string `type:"existingfile" help:"File that holds the password; without it you are asked."`

	LicenceNumber  string   `placeholder:"NUMBER" help:"For a clinician: the licence to practice. Only a licensed physician may deny."`
	LicenceState   string   `placeholder:"NY" help:"The state that gave the licence."`
	LicenceExpires string   `placeholder:"YYYY-MM-DD" help:"The licence's last day."`
	Specialty      []string `help:"A field the licence covers, such as cardiology; several separated by commas."`
}

// licence gives the licence that the flags state, or none.
func (u *userAddCmd) licence() (access.Licence, error) {
	if u.LicenceNumber == "" && u.LicenceState == "" && u.LicenceExpires == "" && len(u.Specialty) == 0 {
		return access.Licence{}, nil
	}
	if u.LicenceNumber == "" || u.LicenceState == "" || u.LicenceExpires == "" {
		return access.Licence{}, errors.New("a licence has all of --licence-number, --licence-state and --licence-expires")
	}
	if !isState.MatchString(u.LicenceState) {
		return access.Licence{}, errors.New("--licence-state: give two capital letters, such as NY")
	}
	expires, err := civil.Parse(u.LicenceExpires)
	if err != nil {
		return access.Licence{}, errors.New("--licence-expires: give a day, such as 2027-12-31")
	}
	l := access.Licence{Number: u.LicenceNumber, State: u.LicenceState, Expires: expires}
	for _, name := range u.Specialty {
		s := access.Specialty(name)
		if !s.Valid() {
			return access.Licence{}, fmt.Errorf("--specialty: use names from this list: %s", specialties())
		}
		l.Specialties = append(l.Specialties, s)
	}
	return l, nil
}

// isState is the look of a state's postal letters.
var isState = regexp.MustCompile(`^[A-Z]{2}$`)

// specialties lists the names that --specialty takes.
func specialties() string {
	var names []string
	for _, s := range access.Specialties() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}

func (u *userAddCmd) Run(ctx context.Context) error {
	role, err := access.ParseRole(u.Role)
	if err != nil {
		return err
	}
	if role.Side() == access.Office && u.Organization == "" {
		return fmt.Errorf("%q is a role at an office: say which with --organization NPI", string(role))
	}
	licence, err := u.licence()
	if err != nil {
		return err
	}
	password, err := readPassword(u.PasswordFile)
	if err != nil {
		return err
	}
	return u.with(ctx, func(a *app.App) error {
		n := account.NewPerson{Username: u.Username, Name: u.Name, Email: u.Email, Password: password, Side: role.Side(), OrgName: a.Config.Plan.Name, Roles: []access.Role{role}, Licence: licence}
		if role.Side() == access.Office {
			o, err := a.Providers.OrganizationByNPI(ctx, u.Organization)
			if err != nil {
				return err
			}
			n.Org, n.OrgName, n.OrgTIN = o.ID, o.Name, o.TIN
		}
		_, err := a.Accounts.Create(ctx, access.OperatorActor(osUser()), n)
		if err != nil {
			return err
		}
		fmt.Println("Made. The first sign-in asks for the user agreement.")
		return nil
	})
}

// userRescueCmd is the way back in where nobody at the portal can help any more.
type userRescueCmd struct {
	place
	Username     string `arg:"" help:"Whose account."`
	Reason       string `required:"" help:"Why, and how the person was recognized. It is kept."`
	PasswordFile string `type:"existingfile" help:"File that holds a new password; without it the old one stays."`
}

func (u *userRescueCmd) Run(ctx context.Context) error {
	password := ""
	if u.PasswordFile != "" {
		var err error
		password, err = readPassword(u.PasswordFile)
		if err != nil {
			return err
		}
	}
	return u.with(ctx, func(a *app.App) error {
		who := access.OperatorActor(osUser())
		p, err := a.Accounts.Find(ctx, who, u.Username)
		if err != nil {
			return err
		}
		err = a.Accounts.ResetFactors(ctx, who, p.ID, u.Reason)
		if err != nil {
			return err
		}
		err = a.Accounts.Unlock(ctx, who, p.ID, u.Reason)
		if err != nil {
			return err
		}
		err = a.Accounts.Reinstate(ctx, who, p.ID, u.Reason)
		if err != nil {
			return err
		}
		if password != "" {
			err = a.Accounts.SetPassword(ctx, who, p.ID, password)
			if err != nil {
				return err
			}
		}
		fmt.Println("Every session has ended. The next sign-in sets up a new second factor.")
		return nil
	})
}

type userListCmd struct{ place }

func (u *userListCmd) Run(ctx context.Context) error {
	return u.with(ctx, func(a *app.App) error {
		people, err := a.Accounts.People(ctx, access.OperatorActor(osUser()))
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "USERNAME\tNAME\tAT\tROLES\tSTATE")
		for _, p := range people {
			fmt.Fprintf(w, "%s\t%s\t%s\t%v\t%s\n", p.Username, p.Name, p.OrgName, p.Roles, p.State)
		}
		return w.Flush()
	})
}
