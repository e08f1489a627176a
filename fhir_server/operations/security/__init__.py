"""Operations about who has had access, and about the rights of persons to their data."""
