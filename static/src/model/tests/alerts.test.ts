import { describe, expect, it } from "vitest";

import { alertsOf, fieldsFor, fieldsOf, fieldsText, NOBODY, proposedTask } from "../alerts";
import type { Field } from "../flow";

const FORM = { entity: "Activity", fields: { Title: "{title}", Notes: "{text}\n\n{record_link}\n{link}" }, done: { StatusId: "x" } };

describe("who is told", () => {
  it("is nobody without a mail and a task", () => {
    expect(alertsOf(NOBODY)).toBeNull();
    expect(alertsOf({ ...NOBODY, mail: ["a@example.org"] })).toEqual({ ...NOBODY, mail: ["a@example.org"] });
    expect(alertsOf({ ...NOBODY, mail: ["a@example.org"], failed: false, held: false })).toBeNull();
  });

  it("gets the task that the system proposes", () => {
    expect(proposedTask("crm", FORM)).toEqual({ slot: "crm", ...FORM });
    expect(proposedTask("erp", null).entity).toBe("");
  });

  it("fills what an object calls its title and its text", () => {
    const field = (name: string, read_only = false) => ({ name, read_only }) as Field;
    const of = (title_field: string | null, ...fields: Field[]) => fieldsFor({ title_field, fields });
    expect(of(null, field("id", true), field("Subject"), field("Description"))).toEqual({
      Subject: "{title}",
      Description: "{text}\n\n{record_link}\n{link}",
    });
    expect(of("label", field("label"), field("text", true))).toEqual({ label: "{title}" });
    expect(of(null, field("amount"))).toEqual({});
  });

  it("writes fields as lines and reads them back, texts of several lines too", () => {
    expect(fieldsText(FORM.fields)).toBe("Title: {title}\nNotes: {text}\n  \n  {record_link}\n  {link}");
    expect(fieldsOf(fieldsText(FORM.fields))).toEqual(FORM.fields);
    expect(fieldsOf("")).toEqual({});
    expect(fieldsOf("Title: a\n\nDueDate: {now}\n")).toEqual({ Title: "a", DueDate: "{now}" });
  });

  it("names the line that is no field", () => {
    expect(fieldsOf("Title: a\njust words here")).toBe("just words here");
  });
});
