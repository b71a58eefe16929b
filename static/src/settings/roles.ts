import type { Role } from "../api/types";

export const ROLES: { value: Role; label: string }[] = [
  { value: "viewer", label: "Viewer: looks" },
  { value: "operator", label: "Operator: runs, decides" },
  { value: "editor", label: "Editor: draws, connects" },
  { value: "admin", label: "Administrator" },
];

export const asRole = (text: string | null): Role | undefined => ROLES.find((role) => role.value === text)?.value;
